"""Expressions over the pages of a ring and what RAM holds.

Each is read in two ways: as a formula for z3 (`Formulas`), and as Python that runs (`source`). What the ring does is
written once, in table.py, and what holds of it once, in invariant.py; prove.py and explore.py only read them.
"""

FIELDS = ('kind', 'serial', 'incarnation', 'height', 'statement', 'signed')
DEAD, MARK, FILLER, FORMATTED = 0, 1, 2, 3
COMPARE = {'eq': '==', 'ne': '!=', 'lt': '<', 'le': '<=', 'gt': '>', 'ge': '>='}


class Expr:
    """An operation with its operands."""

    __slots__ = ('op', 'args')

    def __init__(self, op, *args):
        self.op, self.args = op, args

    def __add__(self, other): return Expr('add', self, lift(other))
    def __sub__(self, other): return Expr('sub', self, lift(other))
    def __eq__(self, other): return Expr('eq', self, lift(other))
    def __ne__(self, other): return Expr('ne', self, lift(other))
    def __lt__(self, other): return Expr('lt', self, lift(other))
    def __le__(self, other): return Expr('le', self, lift(other))
    def __gt__(self, other): return Expr('gt', self, lift(other))
    def __ge__(self, other): return Expr('ge', self, lift(other))
    def __and__(self, other): return both(self, other)
    def __or__(self, other): return either(self, other)
    def __invert__(self): return Expr('not', self)

    __hash__ = None

    def __bool__(self):
        raise TypeError('an expression has no truth of its own; use &, |, ~')

    def __getattr__(self, name):
        """A field of a page: `page.serial`."""
        if name in FIELDS:
            return Expr('field', FIELDS.index(name), self)
        raise AttributeError(name)

    def __repr__(self):
        return f'{self.op}({", ".join(map(repr, self.args))})'


def lift(value):
    return value if isinstance(value, Expr) else Expr('const', value)


TRUE, FALSE = lift(True), lift(False)
# Pairs of the ring; how far an append reaches.
N, REACH = Expr('n'), Expr('reach')


def var(name): return Expr('var', name)
def chosen(name): return Expr('bound', name)
def at(index): return Expr('at', lift(index))
def page(serial, copy): return Expr('page', lift(serial), lift(copy))
def twin(index): return Expr('twin', lift(index))
def cell(*fields): return Expr('cell', *map(lift, fields))
def both(*parts): return Expr('and', *map(lift, parts))
def either(*parts): return Expr('or', *map(lift, parts))
def implies(a, b): return Expr('implies', lift(a), lift(b))
def when(test, yes, no): return Expr('if', lift(test), lift(yes), lift(no))


def every(body):
    """Of every page of the ring: `body` takes its index."""
    every.count += 1
    name = f'v{every.count}'
    return Expr('all', name, body(chosen(name)))


every.count = 0


def some(body):
    return ~every(lambda index: ~body(index))


def mentions(expr):
    """The variables of an expression, and `pages` if it looks at a page."""
    found = {expr.args[0]} if expr.op == 'var' else {'pages'} if expr.op == 'at' else set()
    return found.union(*(mentions(arg) for arg in expr.args if isinstance(arg, Expr)))


def alike(a, b, names=None):
    """Whether two expressions are the same but for the names of what they quantify over."""
    names = {} if names is None else names
    if not isinstance(a, Expr) or not isinstance(b, Expr):
        return type(a) is type(b) and (names.get(a, a) if isinstance(a, str) else a) == b
    if a.op != b.op or len(a.args) != len(b.args):
        return False
    if a.op == 'all':
        names = {**names, a.args[0]: b.args[0]}
    return all(alike(x, y, names) for x, y in zip(a.args, b.args))


def source(expr):
    """As Python: the pages are `p`, variables and what is chosen go by their names."""
    op, args = expr.op, expr.args
    if op == 'const':
        return repr(args[0])
    if op in ('var', 'bound'):
        return args[0]
    if op in ('n', 'reach'):
        return op
    if op == 'field':
        return f'{source(args[1])}[{args[0]}]'
    if op == 'all':
        return f'all({source(args[1])} for {args[0]} in range(2 * n))'
    parts = [source(arg) for arg in args]
    if op == 'at':
        return f'p[{parts[0]}]'
    if op == 'page':
        return f'(2 * ({parts[0]} % n) + {parts[1]})'
    if op == 'twin':
        return f'({parts[0]} ^ 1)'
    if op == 'cell':
        return f'({", ".join(parts)})'
    if op == 'implies':
        return f'(not {parts[0]} or {parts[1]})'
    if op == 'if':
        return f'({parts[1]} if {parts[0]} else {parts[2]})'
    if op == 'not':
        return f'(not {parts[0]})'
    sign = {'add': ' + ', 'sub': ' - ', 'and': ' and ', 'or': ' or '}.get(op) or f' {COMPARE[op]} '
    return f'({sign.join(parts)})' if parts else repr(op == 'and')
