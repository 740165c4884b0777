"""What holds at each place of the table, and the three promises that follow.

`safe`: a mark that is read is at or above everything released, and no signature contradicts another; whatever rots, fails
or lies, however often, with SIGN, SET_MARK and lowerings. `kept`: a mark at or above the newest that stood twice stands, if
one page rots between two times at which both its copies stood, and none after a start that could not complete a record that
it found half written; failing and lying writes and cuts are free. `clear`: cuts alone never make a chain unclear. `kept` and
`clear` stand on `safe`, and leave the owner's works out.
"""

from expr import FALSE, FILLER, MARK, REACH, TRUE, at, both, cell, either, every, implies, lift, page, some, when
from state import (
    APPROVED, PLACES, READ, SIGNING, TRIED_NOW, D, G, I, a_height, a_signed, a_statement, at_place, base, calm, d_height,
    d_signed, d_statement, dead, entry_calm, gen, gen0, gen1, inc, inc0, inc1, is_mark, k, mark, n_serial, new, ok0, ok1,
    pending, r_height, r_statement, says, serial, w_height, w_reset, w_signed,
)

DURABLE = (d_height, d_statement, d_signed)


def begins():
    """The first state: a chain that was just added. Its page numbers are the table's, its heights are free."""
    formatted = every(lambda v: when(at_place(v, D), at(v) == mark(D, I, DURABLE), at(v) == cell(3, 0, 0, 0, 0, 0)))
    return both(~pending, r_height == -1, r_statement == 0, d_height >= 0, d_signed == d_height, d_statement == 0, D >= 0,
                a_height == d_height, a_statement == 0, a_signed == d_signed, formatted, I >= 1, calm, entry_calm,
                ok0, ok1, gen0 == G, gen1 == G, inc0 == I, inc1 == I)


def told(life, last, without):
    """Each copy of the pair of the last record is that record, or a later mark, or of a higher life, or dead."""
    def tells(cell_):
        # A start that restores nothing fills what is dead beside a record that never stood twice.
        kinds = either(is_mark(cell_, life), cell_.kind == FILLER) if lacks(without, '2') else is_mark(cell_, life)
        return either(dead(cell_), both(kinds, cell_.serial >= last), cell_.incarnation > life)
    return both(*(tells(at(page(last, copy))) for copy in (0, 1)))


def older_below(life, last):
    return every(lambda v: implies(both(at(v).kind == MARK, at(v).incarnation < life), at(v).serial < last))


def lacks(without, rule): return without is not None and rule in without.split(' and ')


def none_above(number):
    return every(lambda v: implies(is_mark(at(v), I), at(v).serial <= number))


def general(without=None):
    """What holds at every place."""
    def entry(ok, g, i):
        return implies(ok, either(both(g == G, i == I), both(pending, g == G + 1, i == new)))
    return {
        'kinds': every(lambda v: both(at(v).kind >= 0, at(v).kind <= 3)),
        'marks stand at their place': every(lambda v: implies(at(v).kind == MARK, at_place(v, at(v).serial))),
        'entries': both(entry(ok0, gen0, inc0), entry(ok1, gen1, inc1)),
        'the newest is told': told(I, D, without),
        'older lives are below': both(I >= 1, older_below(I, D)),
        'marks say the newest or what was tried': every(lambda v: implies(is_mark(at(v), I), both(
            implies(at(v).serial == D, says(at(v), DURABLE)), implies(at(v).serial > D, says(at(v), TRIED_NOW))))),
        'what was tried is no lower': both(
            either(a_height > d_height, both(a_height == d_height, either(a_statement == 0, a_statement == d_statement))),
            a_signed <= a_height, a_signed >= d_signed, implies(a_statement != 0, a_signed == a_height)),
        'what was released is no higher': both(
            r_height <= d_signed, d_signed <= d_height, implies(d_statement != 0, d_signed == d_height),
            implies(r_height == d_height, either(d_statement == r_statement, d_statement == 0))),
        'a new incarnation': implies(pending, both(
            new > I, w_signed <= w_height, implies(~w_reset, r_height <= w_signed), implies(w_reset, w_signed == w_height),
            every(lambda v: implies(is_mark(at(v), new), both(
                at(v).serial <= n_serial, implies(at(v).serial == n_serial, says(at(v), APPROVED))))))),
        'a new incarnation is told': implies(pending, told(new, n_serial, without)),
        'the old one is below': implies(pending, older_below(new, n_serial)),
    }


def local(without=None):
    """What holds besides, place by place. A start that does not restore may leave a newest record that stands once."""
    rest = {} if lacks(without, '2') else {'rest': serial == D}
    quiet = {'quiet': both(~pending, inc == I)}
    alone = {**quiet, 'no higher life': every(lambda v: either(dead(at(v)), at(v).incarnation <= I))}
    known = {**alone, 'none above': none_above(serial), 'newest': serial >= D}
    reading = known | {'read': both(
        implies(serial == D, says_same(READ, DURABLE)), implies(serial > D, says_same(READ, TRIED_NOW)))}
    reach = {'reach': both(k >= 1, k <= REACH)}

    def begun(where, what): return {'copy 0': either(dead(at(where)), at(where) == what)}
    copy_0 = begun(page(serial, 0), mark(serial, I, READ))

    def moving(place, upto):
        """The newest record, on its way to a pair that takes it."""
        return {
            **alone, **reach, **({} if place == 'BOOT' else rest), 'newest': serial >= D,
            'none above': none_above(serial + upto), 'tried': says_same(READ, TRIED_NOW),
            'read': implies(serial == D, says_same(READ, DURABLE)),
        }
    moves = {}
    for place in ('BOOT', 'LAST', 'LOOK'):
        moves[f'{place} MOVE0'] = moving(place, k - 1)
        moves[f'{place} MOVE1'] = moving(place, k) | begun(page(serial + k, 0), mark(serial + k, I, READ))
    appends = {**alone, 'rest': serial == D, **reach}
    no_next = ~either(both(ok0, gen0 == G + 1), both(ok1, gen1 == G + 1))
    loaded = {
        'entry': either(both(gen == G, inc == I), both(pending, gen == G + 1, inc == new)),
        'the highest': implies(gen == G, no_next),
    }
    work = {
        **quiet,
        'older': every(lambda v: implies(both(at(v).kind == MARK, at(v).incarnation < new), at(v).serial <= base)),
        'work': both(new > I, w_signed <= w_height, when(w_reset, w_signed == w_height, r_height <= w_signed)),
    }
    commits = {'pending': pending, 'no next': no_next}
    of_old = {**commits, 'old': both(gen == G, inc == I)}
    return {
        'OFF': {}, 'FAULT': {},
        'ENTRY0': loaded, 'ENTRY1': {**loaded, 'copy 0': implies(ok0, both(gen0 == gen, inc0 == inc))},
        'SCAN': quiet, 'UNCLEAR': quiet,
        'BOOT': reading, 'BOOT0': reading, 'BOOT1': reading | copy_0, **moves,
        'FILL': reading | rest, 'LAST0': reading | rest, 'LAST1': reading | rest | copy_0,
        'ARMED': known | rest, 'LOOK0': reading | rest, 'LOOK1': reading | rest | copy_0,
        'DECIDED': {**alone, 'none above': none_above(D), 'rest': serial == D, 'read': says_same(READ, DURABLE)},
        'APPEND0': appends | {'none above': none_above(D + k - 1)},
        'APPEND1': appends | {'none above': none_above(D + k)} | begun(page(D + k, 0), mark(D + k, I, TRIED_NOW)),
        'PREPARE': {**work, 'pages': prepared(0)},
        'SET0': {**work, **reach, 'pages': prepared(k - 1)},
        'SET1': {**work, **reach, 'pages': prepared(k), **begun(page(base + k, 0), mark(base + k, new, APPROVED))},
        'COMMIT': commits, 'OLD0': of_old, 'OLD1': of_old,
        'NEW0': {**commits, 'old': gen == G}, 'NEW1': {'pending': pending, 'old': gen == G},
    }


def says_same(a, b): return both(*(x == y for x, y in zip(a, b)))


def prepared(upto):
    """The ring while an approved work writes: nothing of the new incarnation but fillers and the mark itself."""
    return every(lambda v: either(dead(at(v)), at(v).incarnation < new, both(at(v).incarnation == new, either(
        at(v).kind == FILLER,
        both(at(v).kind == MARK, at(v).serial > base, at(v).serial <= base + upto, says(at(v), APPROVED))))))


def newest_stands(copy): return at(page(D, copy)) == mark(D, I, DURABLE)


class Theorem:
    """Which steps there are, what holds, and what each step must promise."""

    def __init__(self, name, causes, places, everywhere, here, promise, limits=None, without=None):
        self.without = without  # the rule whose absence changes what holds
        self.name, self.causes, self.places, self.limits = name, causes, places, limits or {}
        self.everywhere, self.here, self.promise = everywhere, here, promise

    def has(self, step):
        return step.cause in self.causes and step.start in self.places and step.end in self.places

    def guard(self, step):
        """The guard of a step, and what it sets besides."""
        cause = f'{step.cause} at a start' if step.start in ('BOOT0', 'BOOT1') else step.cause
        more, sets = self.limits.get(cause, self.limits.get(step.cause, (TRUE, {})))
        return both(step.guard, more), step.sets | sets


def safe(without=None):
    less = without if lacks(without, '2') else None
    return Theorem('safe', ('program', 'request', 'owner', 'cut', 'bad', 'rot', 'rots the entry'), PLACES,
                   general(without), local(without), lambda step: step.promise, without=less)


def kept(without=None):
    def stands(cell_): return both(is_mark(cell_, I), cell_.serial >= D)
    both_stand, one_stands = both(newest_stands(0), newest_stands(1)), either(newest_stands(0), newest_stands(1))
    everywhere = {
        'nothing is pending': ~pending,
        'a mark stands': either(one_stands, some(lambda v: stands(at(v)))),
        'both copies stand before a page rots': implies(calm, both_stand),
        'marks are within reach': implies(calm, every(lambda v: implies(is_mark(at(v), I), at(v).serial <= D + REACH))),
        'an entry stands': either(ok0, ok1),
        'both entries stand before one rots': implies(entry_calm, both(ok0, ok1)),
    }
    def copy_0(where, what): return {'copy 0 in time': either(at(where) == what, both(dead(at(where)), ~calm))}
    def here_is(number, copy): return both(is_mark(at(page(number, copy)), I), at(page(number, copy)).serial == number)
    # What the mark rests on is not what the start may still write over.
    apart = both(*(implies(both(k <= d, lift(d) <= REACH), page(serial + d, 0) != page(D, 0)) for d in (1, 2, 3, 4)))
    spared = either(here_is(serial, 0), here_is(serial, 1), both(one_stands, apart),
                    *(both(lift(j) < k, here_is(serial + j, 0)) for j in (1, 2, 3)))
    read = {
        'within reach': implies(calm, serial <= D + REACH),
        'stands': either(here_is(serial, 0), here_is(serial, 1), both(~calm, both_stand, serial <= D + REACH)),
    }
    resting = ('FILL', 'LAST0', 'LAST1', 'LAST MOVE0', 'LAST MOVE1', 'ARMED', 'LOOK0', 'LOOK1', 'LOOK MOVE0', 'LOOK MOVE1',
               'DECIDED', 'APPEND0', 'APPEND1')
    here = {place: {'a copy stands': one_stands} if place in resting else {} for place in SIGNING}
    for place in ('BOOT', 'LAST', 'LOOK'):
        here[f'{place}1'] = here[f'{place}1'] | copy_0(page(serial, 0), mark(serial, I, READ))
        here[f'{place} MOVE1'] = here[f'{place} MOVE1'] | copy_0(page(serial + k, 0), mark(serial + k, I, READ))
    for place in ('BOOT', 'BOOT0', 'BOOT1'):
        here[place] = here[place] | read
    here['BOOT MOVE0'] |= {'not again': ~calm, 'spared': either(both_stand, spared)}
    here['BOOT MOVE1'] |= {'not again': ~calm, 'stands': here_is(serial + k, 0)}
    here['APPEND1'] |= copy_0(page(D + k, 0), mark(D + k, I, TRIED_NOW))
    here |= {'ENTRY1': {'copy 0 in time': either(ok0, ~entry_calm)}}

    def promise(step):
        if step.name == 'scan clear':
            return step.sets['serial'] >= D
        if step.name in ('look lost', 'last lost', 'scan nothing'):
            return FALSE
        if step.cause == 'rots the entry':
            return ok1 if step.sets.keys() == {'ok0'} else ok0
        return None  # a false alarm leaves the record where it is: 'a mark stands'
    no_more = {'calm': lift(False)}
    limits = {
        'rot': (calm, no_more), 'bad at a start': (TRUE, no_more),
        'rots the entry': (entry_calm, {'entry_calm': lift(False)}),
    }
    return Theorem('kept', ('program', 'request', 'owner', 'cut', 'bad', 'rot', 'rots the entry', 'seen'), SIGNING,
                   everywhere, here, promise, limits)


def clear(without=None):
    tried_stands = either(*(both(is_mark(at(page(D + 1, c)), I), at(page(D + 1, c)).serial == D + 1) for c in (0, 1)))
    top = when(tried_stands, D + 1, D)
    everywhere = {
        'nothing is pending': ~pending,
        'entries stand': both(ok0, ok1),
        'both copies stand': both(newest_stands(0), newest_stands(1)),
        'one was tried': none_above(D + 1),
        'fillers': every(lambda v: implies(at(v).kind == FILLER, at(v).serial <= D)),
        'incarnations': every(lambda v: either(dead(at(v)), at(v).incarnation <= I)),
        'one dead page': every(lambda v: every(lambda w: implies(both(dead(at(v)), dead(at(w))), v == w))),
        'of the pair after it': every(lambda v: implies(dead(at(v)), when(
            tried_stands, at_place(v, D + 1), v == page(D + 1, 0)))),
    }

    def copy_0(where, what): return {'copy 0': at(where) == what}
    def says_newest(copy): return both(is_mark(at(page(serial, copy)), I), at(page(serial, copy)).serial == serial)
    first, newest = {'first': k == 1}, {'top': serial == top}
    record = mark(serial, I, READ)
    read = {'read': both(serial == top, either(*(at(page(serial, copy)) == record for copy in (0, 1))))}
    here = {place: {} for place in SIGNING} | {
        'BOOT': {'top': both(serial == top, either(*(says_newest(copy) for copy in (0, 1))))},
        'FILL': newest, 'ARMED': newest, 'APPEND0': first,
        'APPEND1': first | copy_0(page(D + k, 0), mark(D + k, I, TRIED_NOW)),
    }
    for place in ('BOOT', 'LAST', 'LOOK'):
        here[f'{place}0'], here[f'{place}1'] = read, read | copy_0(page(serial, 0), record)
        here[f'{place} MOVE0'] = here[f'{place} MOVE1'] = {'never': FALSE}
    return Theorem('clear', ('program', 'request', 'owner', 'cut'), SIGNING, everywhere, here,
                   lambda step: FALSE if step.end == 'UNCLEAR' else None)


THEOREMS = {'safe': safe, 'kept': kept, 'clear': clear}
