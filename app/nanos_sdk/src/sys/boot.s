@ The first instructions of the app, and the few things only assembly can say.
@ Braces are doubled because this is the template of a `global_asm!`. What differs from device to device is a macro, in the
@ file of the device: `statics from, end` gives both ends of the statics, `ram from, end` those of statics and stack,
@ `stack_ends` and `more_library` more functions.

    .syntax unified
    .thumb
    .section .boot, "ax", %progbits
    .p2align 2

@ Entered by BOLOS in Thumb state with sp at the end of RAM. r0: 0 from the dashboard, else the arguments of a call from
@ another app, for which we offer nothing.
    .global nanos_boot
    .type nanos_boot, %function
    .thumb_func
nanos_boot:
    cpsie i
    cmp r0, #0
    bne 4f
    statics r0, r1
    movs r2, #0
1:  cmp r0, r1
    bhs 2f
    stmia r0!, {{r2}}
    b 1b
@ One guard word under the stack, and a pattern over all of it, to see later how deep it went.
2:  ldr r2, ={canary}
    stmia r0!, {{r2}}
    ldr r2, ={paint}
    mov r1, sp
3:  cmp r0, r1
    bhs 5f
    stmia r0!, {{r2}}
    b 3b
4:  bl nanos_sdk_leave
5:  bl nanos_sdk_main

@ System calls: r0 the number, r1 the parameters. The emulator looks for the traps at exactly these two names; without
@ them it would patch whatever in the image looks like one, constants included.
    .global SVC_Call
    .type SVC_Call, %function
    .thumb_func
SVC_Call:
    svc 1
    bx lr

    .global SVC_cx_call
    .type SVC_cx_call, %function
    .thumb_func
SVC_cx_call:
    svc 1
    bx lr

@ Zeroes what is left below the stack pointer, from the deepest word that was ever used up to it. The pattern further down
@ stays, and with it the measure of the depth.
    .global nanos_scrub
    .type nanos_scrub, %function
    .thumb_func
nanos_scrub:
    statics r1, r0
    ldr r1, ={paint}
    mov r3, sp
1:  adds r0, #4
    cmp r0, r3
    bhs 3f
    ldr r2, [r0]
    cmp r2, r1
    beq 1b
    movs r2, #0
2:  stmia r0!, {{r2}}
    cmp r0, r3
    blo 2b
3:  bx lr

@ Ends the app with the code in r0, and leaves nothing of its RAM.
    .global nanos_exit
    .type nanos_exit, %function
    .thumb_func
nanos_exit:
    ram r1, r2
    movs r3, #0
1:  stmia r1!, {{r3}}
    cmp r1, r2
    blo 1b
    mov r1, r3
    mov r2, r3
    push {{r0, r1, r2, r3}}
2:  ldr r0, ={exit}
    mov r1, sp
    bl SVC_Call
    b 2b

@ Where the NVM area is now: where it was linked, moved by as much as this code was. The word at 2 is the one absolute
@ flash address of the image; the build counts them and expects exactly one.
    .global nanos_nvm
    .type nanos_nvm, %function
    .thumb_func
nanos_nvm:
    adr r1, 1f
    ldr r0, [r1]
    ldr r2, [r1, #4]
    subs r1, r1, r0
    adds r0, r2, r1
    bx lr
    .p2align 2
1:  .word {flash} + (1b - nanos_boot)
2:  .word _nvram_data

    stack_ends

@ Functions of the crypto library: its trampoline takes the index in r0 and finds the caller's r0 and r1 on the stack.
    .macro library name, index
    .global \name
    .type \name, %function
    .thumb_func
\name:
    push {{r0, r1}}
    movs r0, #\index
    b 9f
    .endm

    library nanos_generate_pair, {generate_pair}
    library nanos_init_private_key, {init_private_key}
    library nanos_sha256, {sha256}
    library nanos_random, {random}
    library nanos_begin_sha256, {begin_sha256}
    library nanos_begin_sha512, {begin_sha512}
    library nanos_hash_update, {hash_update}
    library nanos_hash_final, {hash_final}
    more_library
9:  ldr r1, ={trampoline}
    bx r1
    .ltorg
    .text
