@ Moving memory, a byte at a time: what the compiler calls for every copy, fill and comparison.
@ Those of the compiler's own library are four times as large, for a speed nothing here needs: the longest copies are of
@ a few hundred bytes, beside signatures that take a third of a second.

    .syntax unified
    .thumb
    .text

    .macro routine names:vararg
    .irp name, \names
    .global \name
    .type \name, %function
    .thumb_func
\name:
    .endr
    .endm

@ (r0 to, r1 from, r2 count) -> r0. Towards lower addresses is right also where `to` lies above `from` and they overlap.
routine memcpy, __aeabi_memcpy, __aeabi_memcpy4, __aeabi_memcpy8
1:  subs r2, #1
    bcc 2f
    ldrb r3, [r1, r2]
    strb r3, [r0, r2]
    b 1b
2:  bx lr

@ (r0 to, r1 from, r2 count) -> r0; they may overlap.
routine memmove, __aeabi_memmove, __aeabi_memmove4, __aeabi_memmove8
    cmp r0, r1
    bhs 1b
    push {r4, lr}
    movs r3, #0
3:  cmp r3, r2
    bhs 4f
    ldrb r4, [r1, r3]
    strb r4, [r0, r3]
    adds r3, #1
    b 3b
4:  pop {r4, pc}

@ (r0 to, r1 byte, r2 count) -> r0.
routine memset
    mov r3, r1
    mov r1, r2
    mov r2, r3
    b 5f
@ (r0 to, r1 count).
routine __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8
    movs r2, #0
@ (r0 to, r1 count, r2 byte).
routine __aeabi_memset, __aeabi_memset4, __aeabi_memset8
5:  subs r1, #1
    bcc 6f
    strb r2, [r0, r1]
    b 5b
6:  bx lr

@ (r0 one, r1 other, r2 count) -> r0: below, at or above 0 as `one` is below, equal to or above `other`.
routine memcmp, bcmp
    push {r4, r5, lr}
    movs r3, #0
7:  cmp r3, r2
    bhs 8f
    ldrb r4, [r0, r3]
    ldrb r5, [r1, r3]
    adds r3, #1
    subs r4, r4, r5
    beq 7b
    mov r0, r4
    pop {r4, r5, pc}
8:  movs r0, #0
    pop {r4, r5, pc}
