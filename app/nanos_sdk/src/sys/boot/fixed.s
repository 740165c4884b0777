@ A device on which RAM lies where it was linked (Nano S).

    .macro statics from, end
    ldr \from, =_bss
    ldr \end, =_ebss
    .endm

    .macro ram from, end
    ldr \from, =_bss
    ldr \end, =_estack
    .endm

    .macro more_library
    .endm

@ The linker script says where the stack ends.
    .macro stack_ends
    .endm
