//! Writes the smallest ELF the gate accepts, with every part open to damage.

use object::elf::{
    R_ARM_ABS32, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SHT_PROGBITS, SHT_REL, SHT_STRTAB,
    SHT_SYMTAB,
};

pub(super) const TEXT: u32 = 0xc0d0_0000;
pub(super) const BSS: u32 = 0x2000_0200;
pub(super) const MOVED_TEXT: u32 = 0xc0de_0000;
pub(super) const MOVED_BSS: u32 = 0xda7a_0000;
/// Two pages of code, then two of NVM.
pub(super) const NVM_START: u32 = 0x80;

pub(super) struct Elf {
    pub(super) entry: u32,
    pub(super) sections: Vec<Section>,
    /// Name and value.
    symbols: Vec<(&'static str, u32)>,
    /// Functions, and marks of code (`$t`) and data (`$d`): the same, and their size, or 0.
    pub(super) functions: Vec<(&'static str, u32, u32)>,
    pub(super) relocations: Vec<Relocation>,
}

pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) address: u32,
    pub(super) data: Vec<u8>,
    /// For sections without data; else the data's length counts.
    pub(super) size: u32,
}

pub(super) struct Relocation {
    pub(super) at: u32,
    pub(super) kind: u32,
    pub(super) symbol: &'static str,
}

impl Section {
    /// A section that is in the file only.
    pub(super) fn note(name: &'static str, data: &[u8]) -> Self {
        Self { name, kind: SHT_PROGBITS, flags: 0, address: 0, data: data.to_vec(), size: 0 }
    }
}

impl Elf {
    pub(super) fn good() -> Self {
        let mut text = vec![0; 0x100];
        text[..8].copy_from_slice(&[0xfe, 0xe7, 0xfe, 0xe7, 0x01, 0xdf, 0x01, 0xdf]);
        Self {
            entry: TEXT + 1,
            sections: vec![
                Section {
                    name: ".text",
                    kind: SHT_PROGBITS,
                    flags: SHF_ALLOC | SHF_EXECINSTR,
                    address: TEXT,
                    data: text,
                    size: 0,
                },
                Section {
                    name: ".bss",
                    kind: SHT_NOBITS,
                    flags: SHF_ALLOC | SHF_WRITE,
                    address: BSS,
                    data: Vec::new(),
                    size: 0x20,
                },
                Section::note("ledger.target", b"nanos"),
                Section::note("ledger.app_name", b"Tide"),
                Section::note("ledger.app_version", b"1.2.3"),
            ],
            symbols: vec![
                ("", 0),
                ("SVC_Call", TEXT + 5),
                ("SVC_cx_call", TEXT + 7),
                ("_nvram_data", TEXT + NVM_START),
                ("_envram_data", TEXT + 0x100),
                ("_bss", BSS),
                ("_ebss", BSS + 0x20),
                ("_estack", 0x2000_1400),
                ("buffer", BSS + 4),
                ("constant", TEXT + 0x10),
            ],
            functions: vec![("start", TEXT + 1, 4), ("call", TEXT + 5, 4)],
            relocations: vec![Relocation { at: TEXT + 8, kind: R_ARM_ABS32, symbol: "constant" }],
        }
    }

    /// The same for a device whose RAM moves: a page of code, a page of NVM, then install parameters.
    pub(super) fn moved() -> Self {
        let mut elf = Self::good();
        elf.entry = MOVED_TEXT + 1;
        let text = elf.section(".text");
        text.address = MOVED_TEXT;
        text.data.resize(0x408, 0);
        text.data[0x400..].fill(7);
        elf.section(".bss").address = MOVED_BSS;
        elf.section("ledger.target").data = b"nanos2".to_vec();
        elf.sections.push(Section::note("ledger.api_level", b"27"));
        elf.symbols = vec![
            ("", 0),
            ("SVC_Call", MOVED_TEXT + 5),
            ("SVC_cx_call", MOVED_TEXT + 7),
            ("_nvram_data", MOVED_TEXT + 0x200),
            ("_envram_data", MOVED_TEXT + 0x400),
            ("_bss", MOVED_BSS),
            ("_ebss", MOVED_BSS + 0x20),
            ("_estack", MOVED_BSS + 40 * 1024),
            ("_bss_size", 0x20),
            ("_ram_size", 40 * 1024),
            ("buffer", MOVED_BSS + 4),
            ("constant", MOVED_TEXT + 0x10),
        ];
        elf.functions = vec![
            ("start", MOVED_TEXT + 1, 4),
            ("call", MOVED_TEXT + 5, 4),
            ("install_parameters", MOVED_TEXT + 0x400, 8),
        ];
        let word = |at, symbol| Relocation { at: MOVED_TEXT + at, kind: R_ARM_ABS32, symbol };
        elf.relocations = vec![word(8, "constant"), word(12, "_bss_size"), word(16, "_ram_size")];
        elf
    }

    pub(super) fn section(&mut self, name: &str) -> &mut Section {
        self.sections.iter_mut().find(|section| section.name == name).expect("a section of the good image")
    }

    pub(super) fn rename_symbol(&mut self, from: &str, to: &'static str) {
        self.symbols.iter_mut().find(|(name, _)| *name == from).expect("a symbol of the good image").0 = to;
    }

    pub(super) fn move_symbol(&mut self, name: &str, to: u32) {
        self.symbols.iter_mut().find(|(known, _)| *known == name).expect("a symbol of the good image").1 = to;
    }

    /// File header, section data, section headers; no segments, which the gate does not look at.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut names = Names::default();
        let (mut symbol_names, mut symbols, mut relocations) = (Names::default(), Vec::new(), Vec::new());
        for (name, value) in &self.symbols {
            // Name, value, size, info (global), other, section (absolute, but the first symbol, which is none).
            symbols.extend(symbol_names.offset(name).to_le_bytes());
            symbols.extend(value.to_le_bytes());
            symbols.extend([0, 0, 0, 0, if name.is_empty() { 0 } else { 0x10 }, 0]);
            symbols.extend(if name.is_empty() { [0, 0] } else { [0xf1, 0xff] });
        }
        for (name, value, size) in &self.functions {
            symbols.extend(symbol_names.offset(name).to_le_bytes());
            symbols.extend(value.to_le_bytes());
            symbols.extend(size.to_le_bytes());
            symbols.extend([if name.starts_with('$') { 0 } else { 0x12 }, 0, 1, 0]);
        }
        for relocation in &self.relocations {
            let symbol =
                self.symbols.iter().position(|(name, _)| *name == relocation.symbol).expect("a known symbol");
            relocations.extend(relocation.at.to_le_bytes());
            relocations.extend((((symbol as u32) << 8) | relocation.kind).to_le_bytes());
        }

        let mut file = vec![0; 52];
        let mut headers = vec![[0u32; 10]];
        let mut add =
            |name: u32, kind, flags, address, data: &[u8], size: u32, [link, info, entry]: [u32; 3]| {
                let size = if data.is_empty() { size } else { data.len() as u32 };
                headers.push([name, kind, flags, address, file.len() as u32, size, link, info, 4, entry]);
                file.extend_from_slice(data);
                file.resize(file.len().next_multiple_of(4), 0);
            };
        for section in &self.sections {
            let name = names.offset(section.name);
            add(name, section.kind, section.flags, section.address, &section.data, section.size, [0; 3]);
        }
        let next = self.sections.len() as u32 + 1;
        let [rel, symtab, strtab, shstrtab] =
            [".rel.text", ".symtab", ".strtab", ".shstrtab"].map(|n| names.offset(n));
        // The relocations belong to section 1 (.text) and speak of the symbols that follow.
        add(rel, SHT_REL, 0, 0, &relocations, 0, [next + 1, 1, 8]);
        add(symtab, SHT_SYMTAB, 0, 0, &symbols, 0, [next + 2, 1, 16]);
        add(strtab, SHT_STRTAB, 0, 0, &symbol_names.0, 0, [0; 3]);
        add(shstrtab, SHT_STRTAB, 0, 0, &names.0, 0, [0; 3]);

        let table = file.len() as u32;
        file.extend(headers.iter().flatten().flat_map(|word| word.to_le_bytes()));
        // 32-bit little-endian, version 1; an executable (2) for ARM (40).
        file[..20]
            .copy_from_slice(&[0x7f, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 40, 0]);
        file[20] = 1;
        file[24..28].copy_from_slice(&self.entry.to_le_bytes());
        file[32..36].copy_from_slice(&table.to_le_bytes());
        file[40] = 52;
        // Size, number and names of the section headers.
        for (at, value) in [(46, 40), (48, headers.len()), (50, headers.len() - 1)] {
            file[at..at + 2].copy_from_slice(&(value as u16).to_le_bytes());
        }
        file
    }
}

/// A string table under construction.
#[derive(Default)]
struct Names(Vec<u8>);

impl Names {
    fn offset(&mut self, name: &str) -> u32 {
        if self.0.is_empty() {
            self.0.push(0);
        }
        if name.is_empty() {
            return 0;
        }
        let offset = self.0.len() as u32;
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(0);
        offset
    }
}
