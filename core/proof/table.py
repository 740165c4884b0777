"""What a slot does with its ring: one table of steps between the points of the code where flash is read or written.

A step leads from one place of the code to another. Its cause says who takes it: the program itself, a request, the owner, or
what goes wrong (a cut, a write that fails or lies, a page that rots). `steps(without=RULE)` gives the table with one of the
rules of docs/journal.md left out, or several; WITHOUT says what each stands for.
"""

from expr import FILLER, MARK, REACH, TRUE, at, both, cell, chosen, either, every, implies, lift, page, some, twin, when
from state import (
    APPROVED, DEAD_CELL, FORGET, FORMATTED_CELL, LOST, PLACES, READ, TRIED_NOW, D, G, I, Step, a_height, a_signed,
    a_statement, at_place, base, calm, d_height, d_signed, d_statement, dead, entry_calm, gen, gen0, gen1, harmless, height, inc, inc0,
    inc1, is_mark, k, mark, n_serial, new, ok0, ok1, pending, r_height, r_statement, readable, serial, signed, statement,
    w_height, w_reset, w_signed,
)

WITHOUT = {
    '1 one copy': 'the signature leaves with one copy of its record',
    '1 early': 'the signature leaves before copy 2 is written',
    '1 unread': 'copy 2 is begun though copy 1 was not read back',
    '2': 'a start restores neither copy of the newest record',
    '2 entry': 'a start does not make the copies of the entry equal',
    '3': 'an append reaches 4 pairs on however short the ring is',
    '4': 'a record of an older incarnation may be the newest',
    '5': 'dead pages are filled with what names no serial',
    '5 none': 'dead pages are not filled',
    '6 pair': 'a pair that is dead in both copies does not matter',
    '6 near': 'it matters only within the reach of an append after the newest record',
    '6 filler': 'a filler above the newest record does not matter',
    '6 incarnation': 'a page of a higher incarnation does not matter',
    '6 nothing': 'a ring without a record is a chain at its beginning',
    '7': 'after a failed append the index in RAM is believed',
    '8': 'a decision reads one copy, and restores nothing',
    '2 and 8': 'nobody restores a copy of the newest record',
    '4 and 5 and 6 filler': 'neither incarnations on reading, nor what fillers name',
    '6 near and 6 filler': 'only pairs within the reach of an append matter',
}


def steps(without=None):
    """The whole table, by name."""
    table = Writer(without)
    for part in (start, scan, restore_all, fill, look, decide, append, approved, commit, mishaps):
        part(table)
    assert len({step.name for step in table.steps}) == len(table.steps)
    return {step.name: step for step in table.steps}


class Writer:
    """Collects steps."""

    def __init__(self, without):
        assert without is None or without in WITHOUT, without
        self.without, self.steps = without, []

    def lacks(self, rule): return self.without is not None and rule in self.without.split(' and ')

    def add(self, name, start_, end, guard=TRUE, **more): self.steps.append(Step(name, start_, end, guard, **more))

    def cut(self, name, at_, guard, **more):
        more['sets'] = FORGET | more.get('sets', {})
        self.add(name, at_, 'OFF', guard, cause='cut', **more)

    def write(self, name, place, guard, where, what, good, bad, choose=()):
        """A write and its reading back. `good` and `bad` are lists of what follows: a name's end, a place, its guard, what
        it sets, its promise. Power may vanish, or the write may fail, with the page as it was, new, or dead."""
        for tail, end, more, sets, promise in good:
            self.add(f'{name} ok{tail}', place, end, both(guard, more), sets=sets, store=(where, what), choose=choose,
                     promise=promise)
        for how, value in (('old', None), ('new', what), ('dead', DEAD_CELL)):
            store = None if value is None else (where, value)
            if store:  # cut before it began is a cut at this place
                self.cut(f'{name} cut-{how}', place, guard, store=store, choose=choose)
            for tail, end, more, sets in bad:
                self.add(f'{name} bad-{how}{tail}', place, end, both(guard, more), sets=sets, store=store, choose=choose,
                         cause='bad')

    def write_entry(self, name, place, guard, copy, generation, incarnation, end, sets=None):
        """The same of a copy of the entry."""
        whole = {f'ok{copy}': True, f'gen{copy}': generation, f'inc{copy}': incarnation}
        self.add(f'{name} ok', place, end, guard, sets=whole | (sets or {}))
        for how, value in (('old', {}), ('new', whole), ('dead', {f'ok{copy}': False})):
            if value:
                self.cut(f'{name} cut-{how}', place, guard, sets=value)
            self.add(f'{name} bad-{how}', place, 'FAULT', guard, sets=FORGET | value, cause='bad')


def start(table):
    """load_entry: the valid entry with the highest generation, made equal (rule 2)."""
    for place in ('OFF', 'FAULT', 'UNCLEAR', 'ARMED'):
        for copy, guard, g, i in (
            (0, both(ok0, either(~ok1, gen1 <= gen0)), gen0, inc0),
            (1, both(ok1, either(~ok0, gen1 > gen0)), gen1, inc1),
        ):
            table.add(f'{place} load {copy}', place, 'ENTRY0', guard, sets=FORGET | {'gen': g, 'inc': i})
    # Once both copies say it, the entry that was read is the one that counts.
    switched = gen == G + 1
    forgotten = both(switched, w_reset, r_height > w_height)
    equal = {
        'gen': 0, 'G': gen, 'I': inc, 'D': when(switched, n_serial, D), 'd_height': when(switched, w_height, d_height),
        'd_statement': when(switched, 0, d_statement), 'd_signed': when(switched, w_signed, d_signed),
        'a_height': when(switched, w_height, a_height), 'a_statement': when(switched, 0, a_statement),
        'a_signed': when(switched, w_signed, a_signed), 'r_height': when(forgotten, w_height, r_height),
        'r_statement': when(forgotten, 0, r_statement), 'pending': False, 'n_serial': 0, 'new': 0, 'w_height': 0,
        'w_signed': 0, 'w_reset': False, 'entry_calm': either(entry_calm, both(ok0, gen0 == gen, inc0 == inc)),
    }
    if table.lacks('2 entry'):
        table.add('equalise none', 'ENTRY0', 'SCAN', sets=equal | {'entry_calm': True})
        return
    for copy, (ok, g, i, end, sets) in enumerate(((ok0, gen0, inc0, 'ENTRY1', {}), (ok1, gen1, inc1, 'SCAN', equal))):
        stands = both(ok, g == gen, i == inc)
        table.add(f'equalise {copy} stands', f'ENTRY{copy}', end, stands, sets=sets)
        table.write_entry(f'equalise {copy}', f'ENTRY{copy}', ~stands, copy, gen, inc, end, sets)


def scan(table):
    """Ring::scan and Scan::unclear: the newest record (rule 4), or unclear (rule 6)."""
    def may_be(index):
        found = at(index)
        life = found.kind == MARK if table.lacks('4') else is_mark(found, inc)
        return both(life, at_place(index, found.serial))

    x = chosen('x')
    found = at(x)
    newest = both(may_be(x), every(lambda v: implies(may_be(v), either(
        at(v).serial < found.serial, both(at(v).serial == found.serial, v >= x)))))
    clear = []
    def gone(d): return both(*(dead(at(page(found.serial + d, copy))) for copy in (0, 1)))
    near = both(*(implies(lift(d) <= REACH, ~gone(d)) for d in (1, 2, 3, 4)))
    if not table.lacks('6 pair'):
        clear += [near if table.lacks('6 near') else every(lambda v: ~both(dead(at(v)), dead(at(twin(v)))))]
    if not table.lacks('6 filler'):
        clear += [every(lambda v: implies(at(v).kind == FILLER, at(v).serial <= found.serial))]
    if not table.lacks('6 incarnation'):
        clear += [every(lambda v: implies(~dead(at(v)), at(v).incarnation <= inc))]
    got = {'serial': found.serial, 'height': found.height, 'statement': found.statement, 'signed': found.signed}
    says_it = readable((found.height, found.statement))
    then = 'FILL' if table.lacks('2') else 'BOOT'
    table.add('scan clear', 'SCAN', then, both(newest, *clear), choose={'x': 'page'}, sets=got, promise=says_it)
    table.add('scan unclear', 'SCAN', 'UNCLEAR', both(newest, ~both(*clear)), choose={'x': 'page'}, sets=LOST)
    begun = readable((lift(0), lift(0))) if table.lacks('6 nothing') else None
    table.add('scan nothing', 'SCAN', 'UNCLEAR', every(lambda v: ~may_be(v)), sets=LOST, promise=begun)


def restore_all(table):
    """Ring::newest: at a start, at its end, and before a decision or a status. What is missing of the newest pair is
    restored; if a page takes no write, the same record is appended on the next pair."""
    record, at_rest = mark(serial, inc, READ), {'height': 0, 'statement': 0, 'signed': 0}
    moving = {'a_height': height, 'a_statement': statement, 'a_signed': signed, 'k': 1}
    if not table.lacks('2'):
        newest(table, 'boot', 'BOOT', 'BOOT0', TRUE)
    for place, end, sets in (('BOOT', 'FILL', {}), ('LAST', 'ARMED', at_rest), ('LOOK', 'DECIDED', {})):
        def done(number):
            return {
                'serial': number, 'D': number, 'd_height': height, 'd_statement': statement, 'd_signed': signed,
                'a_height': height, 'a_statement': 0, 'a_signed': signed, 'k': 0,
            } | sets
        name = place.lower()
        for copy, after in enumerate((f'{place}1', end)):
            where = page(serial, copy)
            now = done(serial) if copy else {}
            table.add(f'{name} {copy} stands', f'{place}{copy}', after, at(where) == record, sets=now)
            table.write(f'{name} {copy}', f'{place}{copy}', at(where) != record, where, record,
                        [('', after, TRUE, now, None)], [('', f'{place} MOVE0', TRUE, moving)])
        bad = [(' on', f'{place} MOVE0', k + 1 <= REACH, {'k': k + 1}), (' ends', 'FAULT', k + 1 > REACH, FORGET)]
        for copy, after in enumerate((f'{place} MOVE1', end)):
            where, moved = page(serial + k, copy), mark(serial + k, inc, READ)
            good = [('', after, TRUE, done(serial + k) if copy else {}, None)]
            table.write(f'{name} moves {copy}', f'{place} MOVE{copy}', TRUE, where, moved, good, bad)


def fill(table):
    """Ring::fill_dead at a start (rule 5); what cannot be filled stays dead."""
    what = FORMATTED_CELL if table.lacks('5') else cell(FILLER, serial, inc, height, 0, 0)
    x = chosen('x')
    def fillable(index): return both(index >= k, dead(at(index)), ~at_place(index, serial))
    first = both(fillable(x), every(lambda v: implies(v < x, ~fillable(v))))
    if not table.lacks('5 none'):
        on = {'k': x + 1}
        table.write('fill', 'FILL', first, x, what, [('', 'FILL', TRUE, on, None)], [('', 'FILL', TRUE, on)], {'x': 'page'})
    done = TRUE if table.lacks('5 none') else every(lambda v: ~fillable(v))
    if table.lacks('2'):
        table.add('fill done', 'FILL', 'ARMED', done, sets={'k': 0, 'height': 0, 'statement': 0, 'signed': 0, 'calm': True})
    else:
        newest(table, 'last', 'FILL', 'LAST0', done)


def newest(table, name, place, end, guard, sets=None):
    """Ring::newest (rule 8): both copies are read; two that differ are not believed."""
    def good(copy): return both(is_mark(at(page(serial, copy)), inc), at(page(serial, copy)).serial == serial)
    for copy in (0, 1):
        found, other = at(page(serial, copy)), at(page(serial, 1 - copy))
        once = good(0) if copy == 0 else both(~good(0), good(1))
        agree = implies(good(1 - copy), other == found)
        read = (sets or {}) | {'k': 0, 'height': found.height, 'statement': found.statement, 'signed': found.signed}
        table.add(f'{name} reads {copy}', place, end, both(guard, once, agree), sets=read,
                  promise=readable((found.height, found.statement)))
    lost = either(both(~good(0), ~good(1)), both(good(0), good(1), at(page(serial, 0)) != at(page(serial, 1))))
    table.add(f'{name} lost', place, 'UNCLEAR', both(guard, lost), sets=LOST)


def look(table):
    """Before each decision the newest pair is read."""
    if table.lacks('8'):
        newest(table, 'look', 'ARMED', 'DECIDED', TRUE, {'calm': True})
    else:
        newest(table, 'look', 'ARMED', 'LOOK0', TRUE)


def decide(table):
    """sign_in, set_mark: what may come of a look."""
    rest = {'height': 0, 'statement': 0, 'signed': 0}
    table.add('refuses', 'DECIDED', 'ARMED', sets=rest)
    table.add('repeats', 'DECIDED', 'ARMED', statement != 0, sets=rest | {'r_height': height, 'r_statement': statement},
              promise=harmless(height, statement))
    a, b = chosen('a'), chosen('b')
    table.add('asked', 'DECIDED', 'APPEND0', both(a > height, b > 0), choose={'a': 'height', 'b': 'statement'},
              cause='request', sets=rest | {'a_height': a, 'a_statement': b, 'a_signed': a, 'k': 1})
    table.add('raised', 'DECIDED', 'APPEND0', a >= height, choose={'a': 'height'}, cause='owner',
              sets=rest | {'a_height': a, 'a_statement': 0, 'a_signed': signed, 'k': 1})


def append(table):
    """Ring::append (rules 1 and 3), and the release after it."""
    end, sets = ('ARMED', {'k': 0}) if table.lacks('7') else ('FAULT', FORGET)
    bad = [(' on', 'APPEND0', k + 1 <= REACH, {'k': k + 1}), (' ends', end, k + 1 > REACH, sets)]
    stands = {
        'serial': serial + k, 'D': serial + k, 'd_height': a_height, 'd_statement': a_statement, 'd_signed': a_signed,
        'a_statement': 0, 'k': 0,
    }
    released = {'r_height': a_height, 'r_statement': a_statement}
    done = [('', 'ARMED', TRUE, stands, None),
            (' released', 'ARMED', a_statement != 0, stands | released, harmless(a_height, a_statement))]
    record = mark(serial + k, inc, TRIED_NOW)
    first = [('', 'APPEND1', TRUE, {}, None)]
    if table.lacks('1 one copy'):
        first = done
    if table.lacks('1 early'):
        first += [(' released', 'APPEND1', a_statement != 0, released, harmless(a_height, a_statement))]
    for copy, good in ((0, first), (1, done)):
        unread = copy == 0 and table.lacks('1 unread')
        table.write(f'append {copy}', f'APPEND{copy}', TRUE, page(serial + k, copy), record, good,
                    [('', 'APPEND1', TRUE, {})] if unread else bad)


def approved(table):
    """A lowering of a live chain, and SET_MARK of an unclear one: a new incarnation (work.rs)."""
    x, a, i, s = chosen('x'), chosen('a'), chosen('i'), chosen('s')
    above = both(i > inc, every(lambda v: either(dead(at(v)), at(v).incarnation < i)),
                 either(i == inc + 1, some(lambda v: both(~dead(at(v)), at(v).incarnation + 1 == i))))
    table.add('lowered', 'DECIDED', 'SET0', both(above, a >= signed, a < height), cause='owner',
              choose={'a': 'height', 'i': 'incarnation'},
              sets={'new': i, 'w_height': a, 'w_signed': signed, 'w_reset': False, 'base': serial, 'k': 1,
                    'height': 0, 'statement': 0, 'signed': 0, 'serial': 0})
    highest = both(every(lambda v: either(dead(at(v)), both(at(v).serial <= s, at(v).height <= a))),
                   either(s == 0, some(lambda v: both(~dead(at(v)), at(v).serial == s))))
    table.add('set', 'UNCLEAR', 'PREPARE', both(either(ok0, ok1), above, highest), cause='owner',
              choose={'a': 'height', 'i': 'incarnation', 's': 'serial'},
              sets={'new': i, 'w_height': a, 'w_signed': a, 'w_reset': True, 'base': s, 'k': 0})
    def fillable(index): return both(index >= k, dead(at(index)))
    first = both(fillable(x), every(lambda v: implies(v < x, ~fillable(v))))
    on = {'k': x + 1}
    table.write('prepare', 'PREPARE', first, x, cell(FILLER, base, new, w_height, 0, 0), [('', 'PREPARE', TRUE, on, None)],
                [('', 'PREPARE', TRUE, on)], {'x': 'page'})
    table.add('prepared', 'PREPARE', 'SET0', every(lambda v: ~fillable(v)), sets={'k': 1})
    bad = [(' on', 'SET0', k + 1 <= REACH, {'k': k + 1}), (' ends', 'FAULT', k + 1 > REACH, FORGET)]
    waits = {'pending': True, 'n_serial': base + k, 'base': 0, 'k': 0}
    for copy, good in ((0, [('', 'SET1', TRUE, {}, None)]), (1, [('', 'COMMIT', TRUE, waits, None)])):
        table.write(f'set {copy}', f'SET{copy}', TRUE, page(base + k, copy), mark(base + k, new, APPROVED), good, bad)


def commit(table):
    """chains::commit: both copies equal before a write starts, then the new entry twice."""
    table.add('commit nothing', 'COMMIT', 'FAULT', both(~ok0, ~ok1), sets=FORGET)
    table.add('commit 0', 'COMMIT', 'OLD0', both(ok0, either(~ok1, gen1 <= gen0)), sets={'gen': gen0, 'inc': inc0})
    table.add('commit 1', 'COMMIT', 'OLD0', both(ok1, either(~ok0, gen1 > gen0)), sets={'gen': gen1, 'inc': inc1})
    # The last copy may rot between commit_entry and commit, which begins at generation 1 then.
    table.add('commit anew', 'COMMIT', 'NEW0', both(~ok0, ~ok1), sets={'gen': 0, 'G': 0})
    for copy, (ok, g, i, end) in enumerate(((ok0, gen0, inc0, 'OLD1'), (ok1, gen1, inc1, 'NEW0'))):
        stands = both(ok, g == gen, i == inc)
        table.add(f'old {copy} stands', f'OLD{copy}', end, stands)
        table.write_entry(f'old {copy}', f'OLD{copy}', ~stands, copy, gen, inc, end)
    # What follows is a load, whatever came of it.
    table.write_entry('new 0', 'NEW0', TRUE, 0, gen + 1, new, 'NEW1')
    table.write_entry('new 1', 'NEW1', TRUE, 1, gen + 1, new, 'FAULT', FORGET)


def mishaps(table):
    """Power that vanishes, and what rots, at each place."""
    x = chosen('x')
    for place in PLACES:
        if place != 'OFF':
            table.cut(f'{place} cut', place, TRUE)
        table.add(f'{place} rots', place, place, ~dead(at(x)), store=(x, DEAD_CELL), choose={'x': 'page'}, cause='rot')
        for copy, ok in ((0, ok0), (1, ok1)):
            table.add(f'{place} entry {copy} rots', place, place, ok, sets={f'ok{copy}': False}, cause='rots the entry')
    # Whoever sees both copies of the newest record stand: after that one more page may rot (`kept`).
    both_stand = both(~calm, *(at(page(D, c)) == mark(D, I, (d_height, d_statement, d_signed)) for c in (0, 1)))
    for place in ('FILL', 'ARMED', 'DECIDED'):
        table.add(f'{place} seen', place, place, both_stand, sets={'calm': True}, cause='seen')

