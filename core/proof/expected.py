"""What must come out: which promise each rule carries, where its absence shows, and what holds without it."""

# Stories, each the things that the program does not do by itself.
LIE, SET_LIE = 'append 0 bad-old on', 'set 0 bad-old on'
# Seven writes: 1 is signed four pairs on, past three that lie; 2 is signed. The pair of 1 rots page by page, each time
# filled by a start that stands at 2; then the pair of 2 rots. Within reach of the first mark nothing is dead in both copies.
LATE_FILLER = [('asked', 1, 1), LIE, LIE, LIE, ('asked', 2, 1), 'ARMED cut', ('OFF rots', 10), 'ARMED cut', ('OFF rots', 11),
               'ARMED cut', ('OFF rots', 0), ('OFF rots', 1)]
# 1 is signed and lost the same way; a SET_MARK is cut after one page; the next one begins behind that page and lands five
# pairs after the first mark. Then that page rots, and the mark that was set.
OLDER_LIFE = [('asked', 1, 1), LIE, LIE, LIE, 'ARMED cut', ('OFF rots', 10), ('OFF rots', 11), ('set', 1, 2, 1), 'SET1 cut',
              ('set', 1, 3, 2), SET_LIE, SET_LIE, SET_LIE, 'ARMED cut', ('OFF rots', 4), ('OFF rots', 0), ('OFF rots', 1)]
# One copy of 1 stands four pairs on when a start finds that its other page takes no write, and appends 1 once more: five
# pairs after the first mark. 1 is signed again, and all copies of it rot.
MOVED = [('asked', 1, 1), LIE, LIE, LIE, 'append 1 bad-old ends', 'boot 1 bad-old', 'ARMED cut', ('OFF rots', 10),
         ('OFF rots', 0), ('OFF rots', 1)]

# Without the rule: the promise that breaks, on a ring of how many pairs, the step and what no longer holds after it, and
# where the shortest story lies.
BROKEN = {
    '1 one copy': ('safe', 2, 'append 0 ok', 'the newest is told', {'rot': 1, 'bad': 0, 'owner': 0}),
    '1 early': ('safe', 2, 'append 0 ok released', 'what was released is no higher', {'rot': 1, 'bad': 0, 'owner': 0}),
    '1 unread': ('safe', 2, 'append 0 bad-old', 'APPEND1 copy 0', {'rot': 1, 'bad': 1, 'owner': 0}),
    '2': ('kept', 2, 'fill done', 'both copies stand before a page rots', {'bad': 0, 'owner': 0}),
    '2 entry': ('kept', 2, 'equalise none', 'both entries stand before one rots', {'bad': 0, 'owner': 0}),
    '3': ('kept', 2, 'append 0 bad-dead on', 'APPEND0 a copy stands', {'bad': 3, 'owner': 0}),
    '6 pair': ('safe', 2, 'scan clear', 'its promise', {'rot': 2, 'bad': 0, 'owner': 0}),
    '6 near': ('safe', 6, 'scan clear', 'its promise', {'script': MOVED}),
    '6 near and 6 filler': ('safe', 6, 'scan clear', 'its promise', {'script': LATE_FILLER}),
    '6 incarnation': ('safe', 2, 'scan clear', 'its promise', {'rot': 2, 'bad': 0, 'owner': 1}),
    '6 nothing': ('safe', 2, 'scan nothing', 'its promise', {'rot': 4, 'bad': 0, 'owner': 0}),
    '7': ('safe', 3, 'append 0 bad-new ends', 'ARMED none above', {'rot': 1, 'bad': 2, 'owner': 0}),
    '8': ('kept', 2, 'look reads 0', 'both copies stand before a page rots', {'bad': 0, 'owner': 0}),
    '2 and 8': ('safe', 2, 'look reads 0', 'DECIDED rest', {'rot': 1, 'bad': 0, 'owner': 0}),
}
# Without the rule these are proved all the same.
STILL = {
    '2': ('safe', 'clear'), '3': ('safe', 'clear'), '8': ('safe', 'clear'),
    '4': ('safe', 'kept', 'clear'), '5': ('safe', 'kept', 'clear'), '5 none': ('safe', 'kept', 'clear'),
    '6 filler': ('safe', 'kept', 'clear'), '4 and 5 and 6 filler': ('safe', 'kept', 'clear'),
}

# With every rule: searches that close without a broken promise, each state held against the invariant; and the scripts.
# The heights, and how much may happen.
CLOSED = [
    ('safe', 2, 2, {'rot': 2, 'bad': 1, 'owner': 0}),
    ('safe', 2, 1, {'rot': 1, 'bad': 1, 'owner': 2}),
    ('safe', 2, 1, {'rot': 3, 'bad': 0, 'owner': 1}),
    ('safe', 3, 1, {'rot': 2, 'bad': 1, 'owner': 0}),
    ('safe', 3, 1, {'rot': 1, 'bad': 2, 'owner': 0}),
    ('safe', 3, 0, {'rot': 1, 'bad': 3, 'owner': 0}),
    ('kept', 2, 1, {'bad': 3, 'owner': 0}),
    ('safe', 3, 1, {'rot': 0, 'bad': 1, 'owner': 2}),
    ('kept', 3, 1, {'bad': 0, 'owner': 0}),
    ('kept', 3, 0, {'bad': 2, 'owner': 0}),
    ('clear', 2, 3, {'owner': 1}),
    ('clear', 3, 3, {'owner': 1}),
    ('clear', 6, 2, {'owner': 1}),
    ('safe', 6, 2, {'script': LATE_FILLER}),
    ('safe', 6, 2, {'script': OLDER_LIFE}),
    ('safe', 6, 2, {'script': MOVED}),
]
