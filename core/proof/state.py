"""The state of a slot, and a step from one state to another.

A state is the pages, the two copies of the slot's entry, what RAM holds, and what only an onlooker knows (GHOST). A mark is
a record's height (which stands for its HRS), its statement (0: mark only) and the highest height signed.
"""

from expr import DEAD, FORMATTED, MARK, TRUE, Expr, alike, both, cell, either, lift, page, var, when

# Copies of the entry: whether a copy passes its check, its generation, its incarnation.
ENTRY = ('ok0', 'gen0', 'inc0', 'ok1', 'gen1', 'inc1')
# RAM: serial and mark of the newest record, the slot's incarnation, how far a loop came, the generation of the entry
# that was read, the serial after which an approved mark is written.
RAM = ('serial', 'inc', 'height', 'statement', 'signed', 'k', 'gen', 'base')
# RAM too, of which an onlooker keeps a copy: the mark that is being written, and of an approved work its incarnation,
# its mark, and whether the owner was shown that nothing is known of what was signed.
TRIED = ('a_height', 'a_statement', 'a_signed')
WORK = ('new', 'w_height', 'w_signed', 'w_reset')
# What only an onlooker knows: the entry that counts; the record that stood twice, last; the last signature released;
# whether an approved work waits for its entry only, and the serial of its mark; whether a page of the ring, or of the
# entry, may rot (`kept`).
GHOST = ('G', 'I', 'D', 'd_height', 'd_statement', 'd_signed', 'r_height', 'r_statement', 'pending', 'n_serial', 'calm',
         'entry_calm')
VARIABLES = ENTRY + RAM + TRIED + WORK + GHOST
BOOLEANS = ('ok0', 'ok1', 'w_reset', 'pending', 'calm', 'entry_calm')
SERIALS = ('serial', 'base', 'D', 'n_serial')

V = {name: var(name) for name in VARIABLES}
(ok0, gen0, inc0, ok1, gen1, inc1, serial, inc, height, statement, signed, k, gen, base, a_height, a_statement, a_signed,
 new, w_height, w_signed, w_reset, G, I, D, d_height, d_statement, d_signed, r_height, r_statement, pending, n_serial,
 calm, entry_calm) = (V[name] for name in VARIABLES)

DEAD_CELL = cell(DEAD, 0, 0, 0, 0, 0)
FORMATTED_CELL = cell(FORMATTED, 0, 0, 0, 0, 0)
FORGET = {name: lift(0) for name in RAM} | {
    name: when(pending, V[name], lift(False if name in BOOLEANS else 0)) for name in WORK
}
# The same, but the incarnation.
LOST = FORGET | {'inc': inc}
# Where the owner's works write, and all other places.
WORKS = ('PREPARE', 'SET0', 'SET1', 'COMMIT', 'OLD0', 'OLD1', 'NEW0', 'NEW1')
SIGNING = (
    'OFF', 'FAULT', 'ENTRY0', 'ENTRY1', 'SCAN', 'UNCLEAR', 'BOOT', 'BOOT0', 'BOOT1', 'BOOT MOVE0', 'BOOT MOVE1', 'FILL',
    'LAST0', 'LAST1', 'LAST MOVE0', 'LAST MOVE1', 'ARMED', 'LOOK0', 'LOOK1', 'LOOK MOVE0', 'LOOK MOVE1', 'DECIDED',
    'APPEND0', 'APPEND1',
)
PLACES = SIGNING + WORKS


class Step:
    """`choose` names what is chosen freely, and of what; `promise` must hold whenever the step is taken."""

    def __init__(self, name, start, end, guard=TRUE, sets=None, store=None, choose=(), cause='program', promise=None):
        self.name, self.start, self.end, self.guard, self.cause = name, start, end, lift(guard), cause
        self.sets = {name: lift(value) for name, value in (sets or {}).items()}
        self.store, self.choose, self.promise = store, dict(choose), promise

    def same(self, other):
        return self.end == other.end and alike(self.whole(), other.whole())

    def whole(self):
        sets = [Expr('set', name, value) for name, value in sorted(self.sets.items())]
        promise = TRUE if self.promise is None else self.promise
        return Expr('step', self.guard, promise, *sets, *(self.store or ()))


def mark(number, incarnation, says): return cell(MARK, number, incarnation, *says)
def dead(cell_): return cell_.kind == DEAD
def is_mark(cell_, incarnation): return both(cell_.kind == MARK, cell_.incarnation == incarnation)
def at_place(index, number): return either(index == page(number, 0), index == page(number, 1))


READ, TRIED_NOW, APPROVED = (height, statement, signed), (a_height, a_statement, a_signed), (w_height, 0, w_signed)


def says(cell_, record):
    return both(*(field == lift(value) for field, value in zip((cell_.height, cell_.statement, cell_.signed), record)))


def readable(record):
    """The mark is at or above everything released; if it is at it, it names the same statement or none."""
    return either(record[0] > r_height, both(record[0] == r_height, either(record[1] == r_statement, record[1] == 0)))


def harmless(h, st):
    """A signature of this statement contradicts none that was released."""
    return either(h > r_height, both(h == r_height, st == r_statement))
