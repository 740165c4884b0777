"""Runs the table on small rings, breadth first, from a chain that was just added: the shortest story to a broken promise,
or none in reach. Whatever is reached is held against the invariant too, if it is asked for."""

from collections import Counter, deque

from expr import source
from invariant import THEOREMS
from state import BOOLEANS, SERIALS, VARIABLES
from table import steps

# Of what a step chooses.
DOMAINS = {
    'page': 'range(2 * n)', 'height': 'range(heights + 1)', 'statement': 'range(1, statements + 1)',
    'serial': '{0} | {c[1] for c in p}', 'incarnation': '{inc + 1} | {c[2] + 1 for c in p}',
}
MARK_KIND, FILLER_KIND = 1, 2
AT = {name: place for place, name in enumerate(VARIABLES)}


class Machine:
    """The table as functions: of each place and cause, what may follow a state."""

    def __init__(self, theorem, pairs, without=None, heights=2, statements=2):
        self.theorem, self.pairs = THEOREMS[theorem](without), pairs
        full = min(4, pairs - 1)
        self.scope = {
            'n': pairs, 'reach': 4 if without == '3' else full, 'heights': heights, 'statements': statements,
        }
        self.table = steps(without)
        self.follow = {}
        for step in self.table.values():
            if self.theorem.has(step):
                self.follow.setdefault((step.start, step.cause), []).append(step)
        self.follow = {key: self.function('\n'.join(map(self.lines, found))) for key, found in self.follow.items()}
        self.whole = {place: self.checks(place) for place in self.theorem.places}

    def function(self, body):
        exec(f'def follow(p, v):\n  ({", ".join(VARIABLES)},) = v\n  out = []\n{body}\n  return out', self.scope)
        return self.scope.pop('follow')

    def lines(self, step):
        """One step as statements."""
        guard, sets = self.theorem.guard(step)
        indent, lines = '  ', []
        for name, domain in step.choose.items():
            lines.append(f'{indent}for {name} in {DOMAINS[domain]}:')
            indent += '  '
        lines.append(f'{indent}if {source(guard)}:')
        pages = 'p'
        if step.store:
            where, what = map(source, step.store)
            lines.append(f'{indent}  w = {where}')
            pages = f'p[:w] + ({what},) + p[w + 1:]'
        after = ', '.join(source(sets[name]) if name in sets else name for name in VARIABLES)
        promise = self.theorem.promise(step)
        kept = 'True' if promise is None else source(promise)
        chosen = ', '.join(step.choose)
        chosen += ',' if chosen else ''
        lines.append(f'{indent}  out.append(({step.name!r}, ({chosen}), {step.end!r}, {pages}, ({after}), {kept}))')
        return '\n'.join(lines)

    def checks(self, place):
        held = {**self.theorem.everywhere, **self.theorem.here[place]}
        return self.function('\n'.join(f'  if not {source(what)}: out.append({name!r})' for name, what in held.items()))

    def first(self):
        pages = [(3, 0, 0, 0, 0, 0)] * (2 * self.pairs)
        pages[2:4] = [(MARK_KIND, 1, 1, 0, 0, 0)] * 2 if self.pairs > 1 else pages[2:4]
        values = dict.fromkeys(VARIABLES, 0) | dict.fromkeys(BOOLEANS, False)
        values |= {'ok0': True, 'ok1': True, 'gen0': 1, 'gen1': 1, 'inc0': 1, 'inc1': 1, 'G': 1, 'I': 1, 'D': 1}
        values |= {'r_height': -1, 'calm': True, 'entry_calm': True}
        return 'OFF', tuple(pages), tuple(values[name] for name in VARIABLES)

    def normal(self, pages, values):
        """Serials count for ever; what matters is their order and place."""
        known = [c[1] for c in pages if c[0] in (MARK_KIND, FILLER_KIND)]
        known += [values[AT[name]] for name in SERIALS if values[AT[name]]]
        shift = (min(known, default=1) - 1) // self.pairs * self.pairs
        if shift <= 0:
            return pages, values
        pages = tuple((c[0], c[1] - shift, *c[2:]) if c[0] in (MARK_KIND, FILLER_KIND) else c for c in pages)
        values = list(values)
        for name in SERIALS:
            values[AT[name]] -= shift if values[AT[name]] else 0
        return pages, tuple(values)


class Search:
    """Breadth first, with a number of pages that may rot, writes that may fail, and works of the owner; None: any number.

    With a script, whatever the program does not do by itself is done in that order, and nothing else is. A line of it is the
    name of a step, or that and what is chosen.
    """

    def __init__(self, machine, limit=200_000, whole=False, causes=None, script=None, **budget):
        self.machine, self.limit, self.whole, self.script = machine, limit, whole, script
        self.causes = [c for c in machine.theorem.causes if causes is None or c in causes]
        self.budget = tuple(budget.get(cause) for cause in ('rot', 'bad', 'owner'))
        self.spends = {'rot': 0, 'rots the entry': 0, 'bad': 1, 'owner': 2}
        self.taken, self.story, self.broken, self.closed, self.count = Counter(), None, None, False, 0

    def run(self):
        machine = self.machine
        first = (*machine.first(), self.budget if self.script is None else (0,))
        self.seen = seen = {first: None}
        todo = deque([first])
        while todo:
            if len(seen) > self.limit:
                self.count = len(seen)
                return self
            state = todo.popleft()
            place, pages, values, budget = state
            if self.whole and (wrong := machine.whole[place](pages, values)):
                self.end(seen, state, f'not so at {place}: {", ".join(wrong)}')
                return self
            for cause in self.causes:
                follow = machine.follow.get((place, cause))
                spent = self.spends.get(cause)
                if follow is None or (self.script is None and spent is not None and budget[spent] == 0):
                    continue
                left, awaited = budget, None
                if self.script is not None:
                    if cause not in ('program', 'seen'):
                        if budget[0] == len(self.script):
                            continue
                        awaited, left = self.script[budget[0]], (budget[0] + 1,)
                elif spent is not None and budget[spent] is not None:
                    left = (*budget[:spent], budget[spent] - 1, *budget[spent + 1:])
                for name, chosen, end, after, now, kept in follow(pages, values):
                    if awaited is not None and awaited not in (name, (name, *chosen)):
                        continue
                    self.taken[name] += 1
                    if not kept:
                        self.end(seen, state, (name, chosen))
                        return self
                    found = (end, *machine.normal(after, now), left)
                    if found not in seen:
                        seen[found] = (state, name, chosen)
                        todo.append(found)
        self.closed, self.count = True, len(seen)
        return self

    def end(self, seen, state, last):
        self.count, self.broken, story = len(seen), last, [last]
        while seen[state] is not None:
            state, *step = seen[state]
            story.append(tuple(step))
        self.story = story[::-1]
