"""`python core/proof`: proves the ring for every length, and shows for each rule what breaks without it.

Prints a line for each test and sums up as a test program of cargo does, so that `cargo xtask test` can count it.
"""

import pathlib
import sys
import tempfile
import time
from collections import Counter

import cases
from expected import BROKEN, CLOSED, STILL
from explore import Machine, Search
from prove import Proof
from run import outcomes
from table import WITHOUT, steps

PARTS = {'safe': 6, 'kept': 4, 'clear': 1}


def proved(theorem, without, part, parts):
    """For every N."""
    proof = Proof(theorem, without=without)
    proof.run(part, parts, only=proof.differing() if without else None)
    return [f'{step}: {name}: {answer}' for step, name, answer in proof.failed], {'obligations': proof.proved}


def refuted(rule):
    """For one N: z3 gives a state from which the step leads to one that the invariant excludes."""
    theorem, pairs, step, name, _ = BROKEN[rule]
    proof = Proof(theorem, pairs, rule)
    proof.run(only=[step])
    wrong = [] if (step, name, 'sat') in proof.failed else [f'{step}: {name}: not refuted, but {proof.failed}']
    return wrong, {}


def story(rule):
    """From the start: a story that breaks the promise."""
    theorem, pairs, _, _, budget = BROKEN[rule]
    search = Search(Machine(theorem, pairs, rule), **budget).run()
    wrong = [] if search.story else [f'no story in {search.count} states']
    return wrong, {'story': len(search.story or ()), 'states': search.count}


def closed(theorem, pairs, heights, budget, without=None):
    """Nothing breaks in what is reached, and with every rule the invariant holds in each state."""
    search = Search(Machine(theorem, pairs, without, heights), limit=2_000_000, whole=without is None, **budget).run()
    wrong = [] if search.closed else [f'{search.broken} after {search.count} states', *map(str, search.story or ())]
    return wrong, {'states': search.count, 'taken': search.taken}


def cases_stand():
    """The cases of the unit tests are those that the table makes."""
    kept = pathlib.Path(__file__).parent.parent / 'tests/vectors/ring.txt'
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder) / 'ring.txt'
        count = cases.write(made, 0)
        same = made.read_bytes() == kept.read_bytes()
    return [] if same else [f'{kept} is not what cases.py makes'], {'cases': count}


def jobs():
    """Name, function and arguments of each; those that take longest first. Those of one name are one test."""
    for theorem, parts in PARTS.items():
        for part in range(parts):
            yield f'{theorem}, for every N', proved, (theorem, None, part, parts)
    for theorem, pairs, heights, budget in CLOSED:
        told = {key: value for key, value in budget.items() if key != 'script'} or f'script of {len(budget["script"])}'
        yield f'{theorem}, {pairs} pairs, {heights} heights, {told}', closed, (theorem, pairs, heights, budget)
    for rule, theorems in STILL.items():
        for theorem in theorems:
            parts = PARTS[theorem] if (theorem, rule) == ('safe', '2') else 1
            for part in range(parts):
                yield f'{theorem} without {rule}, for every N', proved, (theorem, rule, part, parts)
            yield f'{theorem} without {rule}, 2 pairs', closed, (theorem, 2, 1, {'rot': 2, 'bad': 1, 'owner': 0}, rule)
    yield 'the cases for the real ring are up to date', cases_stand, ()
    for rule in BROKEN:
        yield f'not {BROKEN[rule][0]} without {rule}, by z3', refuted, (rule,)
        yield f'not {BROKEN[rule][0]} without {rule}, by a story', story, (rule,)


def main():
    begun, results, taken = time.time(), {}, Counter()
    print('test program ring-proof', flush=True)
    names, work = zip(*((name, job) for name, *job in jobs()))
    left = Counter(names)
    for number, (wrong, counts), seconds in outcomes(work):
        name = names[number]
        all_wrong, all_counts, all_seconds = results.setdefault(name, ([], Counter(), [0]))
        taken.update(counts.pop('taken', {}))
        all_wrong += wrong
        all_counts.update(counts)
        all_seconds[0] += seconds
        left[name] -= 1
        if not left[name]:
            tell(name, *results[name])
    never = [name for name in steps() if not taken[name]] + sorted(set(WITHOUT) - set(BROKEN) - set(STILL))
    results['each step is taken, and each rule left out'] = (never, Counter(), [0])
    tell(*[(name, *result) for name, result in results.items()][-1])
    failed = sum(bool(wrong) for wrong, _, _ in results.values())
    total = sum((counts for _, counts, _ in results.values()), Counter())
    print(f'{total["obligations"]} obligations, {total["states"]} states')
    print(f'test result: {"FAILED" if failed else "ok"}. {len(results) - failed} passed; {failed} failed; 0 ignored; '
          f'0 measured; 0 filtered out; finished in {time.time() - begun:.2f}s')
    return failed


def tell(name, wrong, counts, seconds):
    said = ''.join(f', {count} {what}' for what, count in counts.items())
    print(f'test {name}{said} ... {"FAILED" if wrong else "ok"} <{seconds[0]:.3f}s>')
    for line in wrong[:20]:
        print(f'    {line}')
    sys.stdout.flush()


if __name__ == '__main__':
    sys.exit(main() > 0)
