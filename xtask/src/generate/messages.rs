//! The sentences that the program says of what went wrong: each cause and cure, read from the source of the rooms that alone
//! have such sentences. One that is added there is in the table without another word.

use std::path::Path;

use anyhow::{Context, Result};
use syn::visit::{self, Visit};

/// The room of the bridge; and the files of the crates that judge other signers' files, and that sign in this process.
const ADVICE: &str = "bridge/src/advice";
const OTHERS: [&str; 3] =
    ["bridge/moving/src/refusal.rs", "bridge/moving/src/warning.rs", "bridge/hosted/src/fault.rs"];
/// So many spaces are between the words of a sentence, at least.
const SPACES: usize = 2;

/// The tables, a section for each file.
///
/// # Errors
/// If a file cannot be read, or is no Rust.
pub(super) fn tables(root: &Path) -> Result<String> {
    let entries = std::fs::read_dir(root.join(ADVICE)).context("cannot read the advice")?;
    let mut files: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    let rooms =
        std::fs::read_to_string(root.join(ADVICE).join("mod.rs")).context("cannot read the advice")?;
    files.retain(|file| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        !rooms.contains(&format!("#[cfg(test)]\nmod {name};"))
    });
    files.sort();
    files.extend(OTHERS.iter().map(|file| root.join(file)));
    let mut text = String::new();
    for file in files {
        let source =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let (title, sentences) = read(&source).with_context(|| format!("{} is no Rust", file.display()))?;
        if !sentences.is_empty() {
            text += &format!("## {title}\n\n| when | it says |\n| --- | --- |\n");
            text.extend(sentences.iter().map(Sentence::row));
            text.push('\n');
        }
    }
    Ok(text.trim_end().to_owned())
}

/// One sentence, or a part of one, and when it is said.
#[derive(Debug, PartialEq, Eq)]
struct Sentence {
    /// What the function says that it is.
    of: String,
    /// The variants on which it depends.
    variants: Vec<String>,
    says: String,
}

impl Sentence {
    fn row(&self) -> String {
        let variants =
            self.variants.iter().map(|variant| format!("`{variant}`")).collect::<Vec<_>>().join(", ");
        let when = match (&self.of[..], &variants[..]) {
            (of, "") => of.to_owned(),
            ("", variants) => variants.to_owned(),
            (of, variants) => format!("{of}: {variants}"),
        };
        format!("| {when} | {} |\n", self.says.replace('\n', " ").replace('|', "\\|").replace('<', "\\<"))
    }
}

/// What a file is of, and its sentences.
fn read(source: &str) -> Result<(String, Vec<Sentence>)> {
    let file = syn::parse_file(source)?;
    let title = docs(&file.attrs);
    let title = title.strip_prefix("Of ").unwrap_or(&title);
    let title = title.split([':', '.']).next().unwrap_or(title);
    let mut reader = Reader::default();
    reader.visit_file(&file);
    let (first, rest) = title.split_at(title.chars().next().map_or(0, char::len_utf8));
    Ok((format!("{}{rest}", first.to_uppercase()), reader.found))
}

/// Goes through a file, but for its tests.
#[derive(Default)]
struct Reader {
    of: String,
    variants: Vec<String>,
    found: Vec<Sentence>,
}

impl Reader {
    fn say(&mut self, says: &str) {
        if says.trim().matches(' ').count() >= SPACES {
            let (of, variants) = (self.of.clone(), self.variants.clone());
            self.found.push(Sentence { of, variants, says: shown(says) });
        }
    }

    /// The texts within a macro, such as the form of `format!`.
    fn say_all(&mut self, tokens: proc_macro2::TokenStream) {
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Group(group) => self.say_all(group.stream()),
                proc_macro2::TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.say(&text.value());
                    }
                }
                _ => {}
            }
        }
    }

    /// What is said of this item.
    fn of(&mut self, attributes: &[syn::Attribute], within: impl FnOnce(&mut Self)) {
        let of = docs(attributes);
        let of = of.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned();
        let before = std::mem::replace(&mut self.of, of);
        within(self);
        self.of = before;
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.of(&item.attrs, |reader| reader.visit_block(&item.block));
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.of(&item.attrs, |reader| reader.visit_expr(&item.expr));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        for attribute in variant.attrs.iter().filter(|attribute| attribute.path().is_ident("error")) {
            if let syn::Meta::List(list) = &attribute.meta {
                self.variants.push(variant.ident.to_string());
                self.say_all(list.tokens.clone());
                self.variants.pop();
            }
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let mut names = Names::default();
        names.visit_pat(&arm.pat);
        let before = self.variants.len();
        self.variants.extend(names.0);
        visit::visit_expr(self, &arm.body);
        self.variants.truncate(before);
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.say(&text.value());
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        // What is asserted is said to nobody.
        if !one.path.segments.iter().any(|part| part.ident.to_string().contains("assert")) {
            self.say_all(one.tokens.clone());
        }
    }
}

/// The variants that a pattern names.
#[derive(Default)]
struct Names(Vec<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let Some(last) = path.segments.last() else { return };
        let name = last.ident.to_string();
        if name.starts_with(char::is_uppercase) && !["Some", "None", "Ok", "Err"].contains(&&name[..]) {
            self.0.push(name);
        }
    }
}

/// The first paragraph of a comment.
fn docs(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> =
        lines.map(|line| line.trim().to_owned()).take_while(|line| !line.is_empty()).collect();
    lines.join(" ")
}

/// What stands in braces is filled in: by its name, where it has a telling one.
fn shown(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once('{') {
        shown += before;
        let (inner, after) = behind.split_once('}').unwrap_or((behind, ""));
        let name = inner.split(':').next().unwrap_or(inner);
        match name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !name.is_empty() {
            true => shown += &name.to_uppercase(),
            false => shown.push('…'),
        }
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn each_sentence_is_found_with_when_it_is_said() {
        let source = "//! Of the device: why.\n\n/// Why it waits. More.\nfn a(x: X) -> String {\n    match x {\n        \
                      X::One | X::Two(_) => format!(\"{chain} waits for {}: do that\", x.y()),\n        \
                      X::Three => \"it is done\".to_owned(),\n    }\n}\n#[cfg(test)]\nmod tests { fn b() { \"no such one here\"; } }\n\
                      enum E { #[error(\"{file} is not here\")] Gone { file: String } }";
        let (title, found) = read(source).unwrap();
        let rows: Vec<String> = found.iter().map(Sentence::row).collect();
        assert_eq!(title, "The device");
        assert_eq!(
            rows,
            [
                "| Why it waits: `One`, `Two` | CHAIN waits for …: do that |\n",
                "| Why it waits: `Three` | it is done |\n",
                "| `Gone` | FILE is not here |\n",
            ]
        );
    }

    /// The italics of that page are what the program says.
    #[test]
    fn what_troubleshooting_quotes_is_said() {
        let said = tables(root()).unwrap().to_lowercase();
        let page = std::fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
        let mut seen = 0;
        for quote in page.lines().filter(|line| line.starts_with('|')).flat_map(quotes) {
            let parts = quote.to_lowercase();
            let is_said = said.lines().any(|line| parts.split('…').all(|part| line.contains(part.trim())));
            assert!(is_said, "nothing says {quote:?}");
            seen += 1;
        }
        assert!(seen > 20, "{seen} quotes were seen");
    }

    /// What stands between single stars.
    fn quotes(line: &str) -> Vec<String> {
        let plain = line.replace("**", "");
        plain.split('*').skip(1).step_by(2).map(str::to_owned).collect()
    }
}
