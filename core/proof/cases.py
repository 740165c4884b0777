"""What the table answers, as cases for the real ring: `python core/proof/cases.py FILE [HOW-MANY]`.

A case is a line of `|`: what is asked (`boot`; `sign` of a height and a statement, 0 being a mark only; `set`, a mark under
the next incarnation, of an unclear chain; `lower`, of a live one); pairs, incarnation, serial in RAM, height, statement; a
page that takes no write, or none; the pages; what becomes of each write; what comes of it; the pages that changed. Without
HOW-MANY so few that each step of the table is taken twice on each ring: core/tests/vectors/ring.txt.
"""

import random
import sys

from expected import LATE_FILLER, MOVED, OLDER_LIFE
from explore import AT, Machine, Search

SHARE, TOP = 4, 9  # of the cases, those that ring by ring are made of any pages; the height that is asked for
RESTING = ('OFF', 'FAULT', 'UNCLEAR', 'ARMED', 'COMMIT')
# Rings of which the states are taken, and what happens there.
SEARCHED = [
    (2, 'safe', {'rot': 2, 'bad': 1, 'owner': 0}, 60_000), (2, 'safe', {'rot': 1, 'bad': 1, 'owner': 2}, 40_000),
    (3, 'safe', {'rot': 1, 'bad': 1, 'owner': 1}, 60_000), (6, 'safe', {'rot': 1, 'bad': 2, 'owner': 1}, 60_000),
]
# What a start looks at: of each, cases in which it matters.
LOOKED_AT = ('4', '6 pair', '6 near', '6 filler', '6 incarnation', '6 nothing')
LENGTHS = (2, 3, 4, 5, 6, 8, 71)


class Model:
    """The table, asked for one thing at a time."""

    def __init__(self, pairs):
        self.machine = Machine('safe', pairs, heights=TOP)
        self.pairs = pairs
        self.less = {rule: Machine('safe', pairs, rule, heights=TOP) for rule in LOOKED_AT}

    def matters(self, state):
        """The rules without which a start would find something else."""
        found = [step[:3] for step in self.next(state, 'program')]
        for rule, machine in self.less.items():
            if [step[:3] for step in machine.follow['SCAN', 'program'](*state[1:])] != found:
                yield f'by rule {rule}'

    def next(self, state, cause):
        follow = self.machine.follow.get((state[0], cause))
        return follow(*state[1:]) if follow else []

    def walk(self, state, rng, steer, at_most, stuck):
        """The program goes on by itself; each write ends as chance has it, one of the stuck page has no effect. Gives the
        steps, the outcomes, and the end."""
        steps, plan = [], []
        while not (steps and state[0] in RESTING):
            # What is released changes no page, and a start begins with the power off.
            found = [step for step in self.next(state, 'program') if not step[0].endswith(' released')]
            found = [step for step in found if state[0] == 'OFF' or ' load ' not in step[0]]
            found = [step for step in found if state[0] != 'DECIDED' or step[0] == steer[0]]
            if state[0] == 'DECIDED' and not found or state[0] == 'UNCLEAR':
                cause = 'request' if steer[0] == 'asked' else 'owner'
                found = [step for step in self.next(state, cause) if (step[0], *step[1]) == steer]
            assert len(found) == 1, (state[0], [step[:2] for step in found])
            step = found[0]
            if step[0].endswith(' ok'):
                ways = self.ways(state, step)
                if stuck is not None and touched(state, ways, stuck):
                    outcome, step = 'stuck', next(way for how, way in ways if how == 'bad-old')
                elif rng.random() < 0.4 or len(plan) >= at_most:
                    outcome = 'ok'
                else:
                    outcome, step = rng.choice(ways)
                plan.append(outcome)
            if state[0] == 'SCAN':
                steps += self.matters(state)
            steps.append(step[0])
            state = (step[2], step[3], step[4])
        return steps, plan, state

    def ways(self, state, good):
        """How a write may end: what becomes of it, and its step."""
        found = [('ok', good), ('cut-old', next(step for step in self.next(state, 'cut') if step[0] == f'{state[0]} cut'))]
        for step in self.next(state, 'cut') + self.next(state, 'bad'):
            name, _, how = step[0].partition(good[0][:-2])
            if not name and how:
                found.append((how.split()[0], step))
        return found


def touched(state, ways, page):
    """Whether the write is of this page."""
    return any(step[3][page] != state[1][page] for _, step in ways)


def text(cell):
    return ('D', 'M:{1}:{2}:{3}:{4}:{5}', 'F:{1}:{2}:{3}', 'X')[cell[0]].format(*cell)


def answer(state):
    place, _, values = state
    if place == 'ARMED':
        return f'ARMED {values[AT["serial"]]}'
    return f'WRITTEN {values[AT["n_serial"]]}' if place == 'COMMIT' else place


def asked(model, state, rng):
    """What may be asked of a state: an operation, its height and statement, the place where it begins, the choice."""
    place, pages, values = state
    if place == 'OFF':
        return ('boot', 0, 0, None)
    known = [cell for cell in pages if cell[0]]
    above = max([values[AT['inc']]] + [cell[2] for cell in known]) + 1
    if place == 'UNCLEAR':
        serial = max([cell[1] for cell in known], default=0)
        return ('set', TOP, 0, ('set', TOP, above, serial))
    newest = [cell for cell in known if cell[0] == 1 and cell[1:3] == (values[AT['serial']], values[AT['inc']])]
    if not newest:
        return ('sign', TOP, 1, ('asked', TOP, 1))
    if newest[0][3] >= TOP:
        return None
    height, signed = newest[0][3], newest[0][5]
    kind = rng.choice(('asked', 'raised', 'lowered'))
    if kind == 'lowered' and signed < height and above == values[AT['inc']] + 1:
        return ('lower', signed, 0, ('lowered', signed, above))
    return ('sign', TOP, 1, ('asked', TOP, 1)) if kind == 'asked' else ('sign', TOP, 0, ('raised', TOP))


def cases(model, state, rng, walks):
    """Some cases of one state, with the steps that each takes; and where a start leads to, that is asked too."""
    for _ in range(walks):
        begin = state
        while begin and (wish := asked(model, begin, rng)):
            operation, height, statement, steer = wish
            stuck = rng.randrange(2 * model.pairs) if rng.random() < 0.3 else None
            steps, plan, end = model.walk(begin, rng, steer or ('none',), rng.choice((0, 1, 2, 9)), stuck)
            inc = begin[2][AT['inc']] or begin[2][AT['inc0']]
            numbers = (model.pairs, inc, begin[2][AT['serial']], height, statement)
            changed = [f'{index}={text(new)}' for index, (old, new) in enumerate(zip(begin[1], end[1])) if old != new]
            yield '|'.join((
                operation, ' '.join(map(str, numbers)), str(stuck) if 'stuck' in plan else '', ' '.join(map(text, begin[1])),
                ' '.join(plan), answer(end), ' '.join(changed),
            )), (operation, model.pairs, *steps, *(['stuck'] if 'stuck' in plan else []))
            begin = end if operation == 'boot' and end[0] in ('ARMED', 'UNCLEAR') else None


def reached(pairs, theorem, budget, limit):
    """States that the explorer comes to, in which the program rests and the copies of the entry are equal."""
    machine = Machine(theorem, pairs)
    search = Search(machine, limit=limit, **budget).run()
    found = {}
    for place, pages, values, _ in search.seen:
        entry = dict(zip(AT, values))
        if place in ('OFF', 'ARMED', 'UNCLEAR') and entry['ok0'] and entry['ok1'] and entry['inc0'] == entry['inc1']:
            found.setdefault((place, pages, entry['inc0'], entry['serial']), (place, pages, values))
    return list(found.values())


def any_ring(model, rng):
    """A ring that no story made: each page in any state, most of them near the newest."""
    pairs, first = model.pairs, model.machine.first()
    top, life = rng.randint(1, 3 * pairs), rng.randint(1, 2)
    older = rng.random() < 0.1  # the newest is of an older life

    def cell(index):
        kind, serial = rng.random(), top - (top - index // 2) % pairs - pairs * (rng.random() < 0.25)
        if kind < 0.25 or serial < 1:
            return (0, 0, 0, 0, 0, 0) if rng.random() < 0.7 else (3, 0, 0, 0, 0, 0)
        if kind < 0.45:
            near = max(1, top + rng.choice((-2, -1, 0, 0, 0, 1)))
            return (2, near, life + (rng.random() < 0.1), 3, 0, 0)
        height = min(serial, TOP - 1)
        other = rng.random()
        its_life = max(1, life + (other > 0.97) - (other > 0.94 or older and serial == top))
        return (1, serial + (other < 0.03), its_life, height, 1 + (rng.random() < 0.05), height)

    values = list(first[2])
    for name in ('inc0', 'inc1', 'I'):
        values[AT[name]] = life
    return 'OFF', tuple(map(cell, range(2 * pairs))), tuple(values)


def told(pairs, script):
    """The states in which a story of expected.py waits for its last start."""
    search = Search(Machine('safe', pairs), script=script).run()
    return [state[:3] for state in search.seen if state[0] == 'OFF' and state[3] == (len(script),)]


def made(rng):
    models = {pairs: Model(pairs) for pairs in LENGTHS}
    pools = [(models[pairs], reached(pairs, theorem, budget, limit)) for pairs, theorem, budget, limit in SEARCHED]
    for pool in pools:
        rng.shuffle(pool[1])
    for script in (LATE_FILLER, OLDER_LIFE, MOVED):
        for state in told(6, script):
            yield from cases(models[6], state, rng, 1)
    rounds = 0
    while True:
        for model, pool in pools:
            yield from cases(model, pool[rounds % len(pool)], rng, 2)
        for pairs, model in models.items():
            if rounds % SHARE == 0 or pairs < 10:
                yield from cases(model, any_ring(model, rng), rng, 2)
        rounds += 1


def write(path, how_many):
    """Writes the cases; without a number the few that take each step twice on each ring."""
    rng, lines, taken = random.Random(1), {}, {}
    for tried, (line, steps) in enumerate(made(rng)):
        if how_many:
            lines[line] = None
            if len(lines) == how_many:
                break
            continue
        keys = {(*steps[:2], step) for step in steps[2:]}
        if steps[1] < 10 and any(taken.get(key, 0) < 2 for key in keys):
            lines[line] = None
            for key in keys:
                taken[key] = taken.get(key, 0) + 1
        if tried == 25_000:
            break
    with open(path, 'w', encoding='ascii') as file:
        file.writelines(f'{line}\n' for line in lines)
    return len(lines)


if __name__ == '__main__':
    print(f'{write(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)} cases')
