//! How deep the stack can go, out of the instructions themselves: each function's frame, whom it calls, and of all ways
//! from the entry down the deepest.
//!
//! What is found is never less than what can happen: a function's frame is all its `push` and `sub sp` together, a branch
//! out of a function counts as a call, and code that nobody reaches at run time counts as well. What cannot be told is a
//! problem of the image: recursion, a stack pointer that is set, a call of what a register says, unless the function has
//! put an address of a function there itself (the compiler does this for a function it calls often).

use std::collections::{BTreeMap, BTreeSet};

use object::{Object, ObjectSymbol, SymbolKind};

use super::thumb::{Effect, LR, decode};
use crate::budget::Others;

/// One step of the deepest way.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Frame {
    /// The function.
    pub(crate) name: String,
    /// Bytes of stack it takes itself.
    pub(crate) bytes: u64,
}

/// The deepest way down.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Depth {
    /// Bytes of stack at its end.
    pub(crate) bytes: u64,
    /// From the entry on.
    pub(crate) path: Vec<Frame>,
}

/// A function of the image, and what is beneath it.
#[derive(Default)]
struct Function {
    name: String,
    end: u32,
    frame: u64,
    /// First bytes of the functions it may call.
    calls: BTreeSet<u32>,
    system: bool,
    problems: Vec<String>,
}

/// The deepest way from `entry` on. `image` begins at `base`.
pub(super) fn deepest(
    file: &object::File<'_>,
    image: &[u8],
    base: u64,
    others: &Others,
    problems: &mut Vec<String>,
) -> Depth {
    let mut walk = Walk {
        functions: functions(file, base + image.len() as u64),
        others,
        known: BTreeMap::new(),
        open: Vec::new(),
        problems,
    };
    let code = Code { image, base: base as u32, data: data(file) };
    let starts: Vec<u32> = walk.functions.keys().copied().collect();
    for start in &starts {
        let read = read(*start, &walk.functions, &code);
        walk.functions.insert(*start, read);
    }
    let Some(entry) = containing(&walk.functions, (file.entry() & !1) as u32) else {
        walk.problems.push("the entry is in no function, so nothing can be said of the stack".to_owned());
        return Depth::default();
    };
    walk.down(entry)
}

/// The functions by their first bytes, not read yet.
fn functions(file: &object::File<'_>, end: u64) -> BTreeMap<u32, Function> {
    let mut functions = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let start = (symbol.address() & !1) as u32;
        let name = symbol.name().unwrap_or("?");
        // Hand-written ones have no size: they end where the next begins. Of several names the first is as good as any.
        let end = if symbol.size() > 0 { start + symbol.size() as u32 } else { 0 };
        functions.entry(start).or_insert_with(|| Function {
            name: readable(name),
            end,
            ..Function::default()
        });
    }
    let mut next = end as u32;
    for (start, function) in functions.iter_mut().rev() {
        if function.end == 0 {
            function.end = next;
        }
        next = *start;
    }
    functions
}

/// A name as it stands in the source, without the types that its last part was made for.
fn readable(name: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(name));
    let mut depth = 0;
    for (at, letter) in name.char_indices().rev() {
        depth += i32::from(letter == '>') - i32::from(letter == '<');
        if depth == 0 {
            return name[..at].strip_suffix("::").filter(|_| letter == '<').unwrap_or(&name).to_owned();
        }
    }
    name
}

/// Places from which on the image is data (true) or code (false), as the assembler marks them.
fn data(file: &object::File<'_>) -> BTreeMap<u32, bool> {
    let mut marks = BTreeMap::new();
    for symbol in file.symbols() {
        match symbol.name().unwrap_or("").split('.').next() {
            Some("$d") => marks.insert(symbol.address() as u32, true),
            Some("$t") => marks.insert(symbol.address() as u32, false),
            _ => None,
        };
    }
    marks
}

/// The image, and which of it is data.
struct Code<'a> {
    image: &'a [u8],
    base: u32,
    data: BTreeMap<u32, bool>,
}

impl Code<'_> {
    fn half(&self, address: u32) -> u16 {
        let at = address.wrapping_sub(self.base) as usize;
        self.image.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    fn word(&self, address: u32) -> u32 {
        u32::from(self.half(address)) | u32::from(self.half(address + 2)) << 16
    }

    fn is_data(&self, address: u32) -> bool {
        self.data.range(..=address).next_back().is_some_and(|(_, data)| *data)
    }
}

fn containing(functions: &BTreeMap<u32, Function>, address: u32) -> Option<u32> {
    let (start, function) = functions.range(..=address).next_back()?;
    (address < function.end).then_some(*start)
}

/// Reads one function from its first instruction to its last, in the order in which they stand.
fn read(start: u32, functions: &BTreeMap<u32, Function>, code: &Code<'_>) -> Function {
    let mut function =
        Function { name: functions[&start].name.clone(), end: functions[&start].end, ..Function::default() };
    let mut literals: [Option<u32>; 16] = [None; 16];
    // Registers that hold an address of a function at some time, copies between registers, calls of registers.
    let (mut holding, mut copies, mut called) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    let mut at = start;
    while at < function.end {
        if code.is_data(at) {
            at += 2;
            continue;
        }
        let (effect, length) = decode(at, code.half(at), code.half(at + 2));
        match effect {
            Effect::Take(bytes) => function.frame += u64::from(bytes),
            Effect::AddToStack(register) => match literals[usize::from(register)] {
                // A positive one gives the frame back.
                Some(size) => function.frame += u64::from(0u32.saturating_sub_signed(size as i32)),
                None => function.problem("adds to its stack pointer what cannot be told"),
            },
            Effect::SetStack => function.problem("sets its stack pointer"),
            Effect::Literal(register, place) => literals[usize::from(register)] = Some(code.word(place)),
            Effect::AddPlace(register, place) => {
                // The address of a function is odd, which says Thumb; those of constants lie elsewhere.
                let target =
                    literals[usize::from(register)].take().map(|literal| literal.wrapping_add(place));
                if let Some(target) = target
                    && target & 1 == 1
                    && functions.contains_key(&(target & !1))
                {
                    function.calls.insert(target & !1);
                    holding.insert(register);
                }
            }
            Effect::Move(to, from) => copies.push((to, from)),
            Effect::Call(target) | Effect::Branch(target) => match containing(functions, target) {
                Some(own) if own == start && matches!(effect, Effect::Branch(_)) => {}
                Some(callee) => _ = function.calls.insert(callee),
                None => function.problem(&format!("goes to {target:#x}, where no function is")),
            },
            Effect::CallRegister(register) => _ = called.insert(register),
            Effect::BranchRegister(LR) => {}
            Effect::BranchRegister(_) => function.problem("goes on where a register says"),
            Effect::System => function.system = true,
            Effect::Other => {}
        }
        at += length;
    }
    // Copies of copies as well: once for each register is enough.
    for _ in 0..16 {
        for (to, from) in &copies {
            if holding.contains(from) {
                holding.insert(*to);
            }
        }
    }
    if !called.is_subset(&holding) {
        function.problem("calls what a register says, and it is not known what that is");
    }
    function
}

impl Function {
    fn problem(&mut self, what: &str) {
        self.problems.push(format!("{} {what}", self.name));
    }
}

/// The way down, with what is known already.
struct Walk<'a> {
    functions: BTreeMap<u32, Function>,
    others: &'a Others,
    known: BTreeMap<u32, Depth>,
    /// The functions above the one that is looked at.
    open: Vec<u32>,
    problems: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn down(&mut self, start: u32) -> Depth {
        if let Some(known) = self.known.get(&start) {
            return known.clone();
        }
        let function = &self.functions[&start];
        let name = function.name.clone();
        if self.open.contains(&start) {
            self.problems.push(format!("{name} calls itself, or another that does; no stack is deep enough"));
            return Depth::default();
        }
        let depth = if let Some(bytes) = self.others.library(&name) {
            Depth { bytes, path: vec![Frame { name, bytes }] }
        } else {
            let (frame, system) = (function.frame, function.system);
            let calls: Vec<u32> = function.calls.iter().copied().collect();
            self.problems.extend(function.problems.iter().cloned());
            self.open.push(start);
            let mut below = match self.others.system {
                bytes if system => {
                    Depth { bytes, path: vec![Frame { name: "the system".to_owned(), bytes }] }
                }
                _ => Depth::default(),
            };
            for callee in calls {
                let depth = self.down(callee);
                if depth.bytes > below.bytes {
                    below = depth;
                }
            }
            self.open.pop();
            below.bytes += frame;
            below.path.insert(0, Frame { name, bytes: frame });
            below
        };
        self.known.insert(start, depth.clone());
        depth
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn names_lose_the_types_at_their_end_only() {
        for (name, short) in [
            ("nanos_boot", "nanos_boot"),
            ("<a::Ring>::scan::<b::World<c>>", "<a::Ring>::scan"),
            ("<a::Ring>::scan", "<a::Ring>::scan"),
            ("<a::Ring>", "<a::Ring>"),
        ] {
            assert_eq!(readable(name), short);
        }
    }
}
