"""z3 reads table and invariant: each step leads from what holds to what holds.

For every N the ring is an array and `s mod N` a function of which only this is known: it gives a pair of the ring, and
serials less than N apart stand on different pairs. For one N it is the ring itself, and what z3 answers then is a state.
"""

import z3

from expr import FIELDS, mentions, page
from invariant import THEOREMS, begins
from state import BOOLEANS, VARIABLES, D, serial
from table import steps

PAGE = z3.Datatype('Page')
PAGE.declare('cell', *((field, z3.IntSort()) for field in FIELDS))
PAGE = PAGE.create()
GETTERS = [getattr(PAGE, field) for field in FIELDS]
PAIR = z3.Function('pair', z3.IntSort(), z3.IntSort())
# Pages around the newest record.
NEAR = [page(number, copy) for number in (D, *(serial + ahead for ahead in range(4))) for copy in (0, 1)]


class Formulas:
    """Reads expressions as formulas, for rings of `pairs` pairs, or of every length."""

    def __init__(self, pairs=None, without=None):
        self.pairs, self.without, self.fresh = pairs, without, 0
        self.n, self.reach = z3.Ints('N reach')

    def state(self, name):
        values = {v: (z3.Bool if v in BOOLEANS else z3.Int)(f'{name}_{v}') for v in VARIABLES}
        return values | {'pages': z3.Array(f'{name}_pages', z3.IntSort(), PAGE)}

    def choice(self, step):
        """What a step chooses, and that a page is one of the ring."""
        bound = {name: z3.Int(f'chosen_{name}') for name in step.choose}
        return bound, [self.in_ring(bound[name]) for name, domain in step.choose.items() if domain == 'page']

    def in_ring(self, index):
        return z3.And(index >= 0, index < 2 * (self.pairs or self.n))

    def axioms(self, spread):
        """What is known of the ring. `safe` needs neither its length nor that serials spread over it."""
        s, t = z3.Ints('s t')
        known = [self.reach >= 1, self.reach <= 4]
        length = self.pairs or self.n
        full = z3.If(length < 5, length - 1, 4) if isinstance(length, z3.ExprRef) else z3.IntVal(min(4, length - 1))
        if spread or self.pairs:
            known.append(self.reach == (4 if self.without == '3' else full))
        if self.pairs:
            return known
        known += [self.n >= 2, z3.ForAll([s], z3.And(PAIR(s) >= 0, PAIR(s) < self.n), patterns=[PAIR(s)])]
        if spread:
            apart = z3.Implies(z3.And(s < t, t - s < self.n), PAIR(s) != PAIR(t))
            known.append(z3.ForAll([s, t], apart, patterns=[z3.MultiPattern(PAIR(s), PAIR(t))]))
        return known

    def read(self, expr, state, bound):
        op, args = expr.op, expr.args
        if op == 'const':
            return z3.BoolVal(args[0]) if isinstance(args[0], bool) else z3.IntVal(args[0])
        if op == 'var':
            return state[args[0]]
        if op == 'bound':
            return bound[args[0]]
        if op in ('n', 'reach'):
            return self.reach if op == 'reach' else self.pairs or self.n
        if op == 'field':
            return GETTERS[args[0]](self.read(args[1], state, bound))
        if op == 'all':
            return self.every(args[0], args[1], state, bound)
        parts = [self.read(arg, state, bound) for arg in args]
        return OPERATIONS[op](self, state, *parts)

    def every(self, name, body, state, bound):
        if self.pairs:
            return z3.And([self.read(body, state, bound | {name: z3.IntVal(index)}) for index in range(2 * self.pairs)])
        v = z3.Int(name)
        said = z3.Implies(self.in_ring(v), self.read(body, state, bound | {name: v}))
        return z3.ForAll([v], said, patterns=[z3.Select(state['pages'], v)])

    def page(self, serial, copy):
        return 2 * (serial % self.pairs if self.pairs else PAIR(serial)) + copy

    def after(self, step, sets, state, bound):
        """The state after a step, and what is known of its pages."""
        post, known = dict(state), []
        for name, value in sets.items():
            post[name] = self.read(value, state, bound)
        if step.store:
            where, what = (self.read(part, state, bound) for part in step.store)
            post['pages'] = z3.Array('next_pages', z3.IntSort(), PAGE)
            known.append(post['pages'] == z3.Store(state['pages'], where, what))
            # It follows from that; said of a page, what holds of every page is thought of there.
            for near in NEAR:
                index = self.read(near, state, bound)
                then = z3.If(index == where, what, z3.Select(state['pages'], index))
                known.append(z3.Select(post['pages'], index) == then)
        return post, known


OPERATIONS = {
    'at': lambda f, state, index: z3.Select(state['pages'], index),
    'page': lambda f, state, serial, copy: f.page(serial, copy),
    'cell': lambda f, state, *fields: PAGE.cell(*fields),
    'twin': lambda f, state, a: z3.If(a % 2 == 0, a + 1, a - 1),
    'add': lambda f, state, a, b: a + b, 'sub': lambda f, state, a, b: a - b,
    'eq': lambda f, state, a, b: a == b, 'ne': lambda f, state, a, b: a != b,
    'lt': lambda f, state, a, b: a < b, 'le': lambda f, state, a, b: a <= b,
    'gt': lambda f, state, a, b: a > b, 'ge': lambda f, state, a, b: a >= b,
    'and': lambda f, state, *parts: z3.And(*parts), 'or': lambda f, state, *parts: z3.Or(*parts),
    'not': lambda f, state, a: z3.Not(a), 'implies': lambda f, state, a, b: z3.Implies(a, b),
    'if': lambda f, state, test, yes, no: z3.If(test, yes, no),
}


class Proof:
    """The obligations of one theorem."""

    def __init__(self, theorem, pairs=None, without=None, seconds=60):
        self.theorem, self.formulas, self.seconds = THEOREMS[theorem](without), Formulas(pairs, without), seconds
        self.table = steps(without)
        self.state = self.formulas.state('s')
        self.assumed = self.theorem if theorem == 'safe' else THEOREMS['safe'](without)
        self.proved, self.failed, self.known = 0, [], {}

    def solve(self, hypotheses, goal):
        """By what is said of the pages that are named, if that is enough; else, and for a state, by all that z3 can."""
        for named in (True, False):
            solver = z3.Solver()
            solver.set('timeout', 1000 * self.seconds)
            solver.set('random_seed', 1)
            if named:
                solver.set('auto_config', False)
                solver.set('mbqi', False)
            solver.add(*hypotheses, z3.Not(goal))
            if (answer := solver.check()) != z3.unknown:
                break
        return answer

    def says(self, place, theorem):
        """By name, what a theorem says of a state at a place."""
        return {**theorem.everywhere, **{f'{place} {name}': what for name, what in theorem.here[place].items()}}

    def holds(self, place, theorem):
        """The same as formulas, of the state before a step."""
        if (place, theorem.name) not in self.known:
            said = self.says(place, theorem).values()
            self.known[place, theorem.name] = [self.formulas.read(what, self.state, {}) for what in said]
        return self.known[place, theorem.name]

    def begins(self):
        """The first state is one of those."""
        hypotheses = self.formulas.axioms(self.theorem.name != 'safe') + [self.formulas.read(begins(), self.state, {})]
        for name, goal in zip(self.says('OFF', self.theorem), self.holds('OFF', self.theorem)):
            self.oblige('begins', name, hypotheses, goal)

    def step(self, step):
        """A step keeps what holds, and its promise."""
        formulas, theorem, state = self.formulas, self.theorem, self.state
        bound, hypotheses = formulas.choice(step)
        guard, sets = theorem.guard(step)
        hypotheses += [*formulas.axioms(theorem.name != 'safe'), *self.holds(step.start, theorem)]
        hypotheses.append(formulas.read(guard, state, bound))
        if theorem is not self.assumed:
            hypotheses += self.holds(step.start, self.assumed)
        before = self.says(step.start, theorem)
        post, known = formulas.after(step, sets, state, bound)
        changed = {name for name in post if not post[name].eq(state[name])}
        for name, what in self.says(step.end, theorem).items():
            if name not in before or mentions(what) & changed:
                self.oblige(step.name, name, hypotheses + known, formulas.read(what, post, {}))
        if (promise := theorem.promise(step)) is not None:
            self.oblige(step.name, 'its promise', hypotheses, formulas.read(promise, state, bound))

    def oblige(self, step, goal_name, hypotheses, goal):
        answer = self.solve(hypotheses, goal)
        if answer == z3.unsat:
            self.proved += 1
        else:
            self.failed.append((step, goal_name, str(answer)))

    def run(self, part=0, parts=1, only=None):
        """Every obligation, each `parts`th step, or only those of some steps."""
        if part == 0 and only is None:
            self.begins()
        mine = [step for step in self.table.values() if self.theorem.has(step) and (only is None or step.name in only)]
        for step in mine[part::parts]:
            self.step(step)
        return self

    def differing(self):
        """The steps that are not those of the whole table, or all if something else is known of the ring, or held: what is
        proved of the others is the same."""
        spread, table = self.theorem.name != 'safe', steps()
        other = str(self.formulas.axioms(spread)) != str(Formulas(self.formulas.pairs).axioms(spread))
        if other or self.theorem.without:
            return list(self.table)
        return [name for name, step in self.table.items() if name not in table or not step.same(table[name])]
