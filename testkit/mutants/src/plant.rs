//! Writes mutants into source, by insertions alone: what stands there stays,
//! as the last alternative.

use std::collections::BTreeMap;

use crate::visit::{Form, Mutant};

/// The text with all mutants in it, each behind its number.
pub(crate) fn plant(text: &str, mutants: &[(u32, Mutant)]) -> String {
    let mut sites: BTreeMap<(usize, usize, u8), Vec<(u32, &Mutant)>> = BTreeMap::new();
    for (number, mutant) in mutants {
        let form = mutant.form as u8;
        sites.entry((mutant.start, mutant.end, form)).or_default().push((*number, mutant));
    }
    // At one place: closing before opening; the outer opens first and closes last.
    let mut insertions: Vec<(usize, u8, isize, String)> = Vec::new();
    for ((start, end, _), of) in sites {
        let length = isize::try_from(end - start).expect("a file of source is short");
        let (open, close) = brackets(&of);
        insertions.push((start, 1, -length, open));
        insertions.push((end, 0, length, close));
    }
    insertions.sort();
    let mut out = String::new();
    let mut at = 0;
    for (place, _, _, inserted) in insertions {
        out.push_str(&text[at..place]);
        out.push_str(&inserted);
        at = place;
    }
    out.push_str(&text[at..]);
    out
}

fn brackets(of: &[(u32, &Mutant)]) -> (String, String) {
    match of[0].1.form {
        Form::Expression => {
            let chain: Vec<String> =
                of.iter().map(|(n, m)| format!("if crate::edited({n}) {{ {} }}", m.new)).collect();
            (format!("({} else {{ ", chain.join(" else ")), " })".to_owned())
        }
        Form::Statement => {
            let chain: Vec<String> =
                of.iter().map(|(n, _)| format!("!crate::edited({n})")).collect();
            (format!("if {} {{ ", chain.join(" && ")), " }".to_owned())
        }
        Form::Body => {
            let chain: Vec<String> = of
                .iter()
                .map(|(n, m)| format!("if crate::edited({n}) {{ return {}; }} ", m.new))
                .collect();
            (chain.concat(), String::new())
        }
    }
}
