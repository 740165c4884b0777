@ A device on which RAM lies where r9 says (Nano S Plus). The two symbols are sizes, not addresses.
@ Braces are doubled because this is the template of a `global_asm!`.

    .macro statics from, end
    mov \from, r9
    ldr \end, =_bss_size
    adds \end, \from, \end
    .endm

    .macro ram from, end
    mov \from, r9
    ldr \end, =_ram_size
    adds \end, \from, \end
    .endm

    .macro more_library
    library nanos_draw_text, {draw_text}
    library nanos_text_width, {text_width}
    .endm

@ Both ends of the stack: behind the statics, and at the end of RAM.
    .macro stack_ends
    .global nanos_stack_low
    .type nanos_stack_low, %function
    .thumb_func
nanos_stack_low:
    ldr r0, =_bss_size
    add r0, r9
    bx lr

    .global nanos_stack_high
    .type nanos_stack_high, %function
    .thumb_func
nanos_stack_high:
    ldr r0, =_ram_size
    add r0, r9
    bx lr
    .endm
