//! Which statements of a list hold of wires.

use std::iter::repeat;
use std::slice::from_ref;

use num_bigint::{BigInt, Sign};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::hash;

use super::integers::{digits, field, integer, is_below};
use super::{Extreme, Flagged, Polynomial, Statement, Tail, Wires, points};

/// The statements that do not hold of these wires, by name; none of a true
/// witness.
///
/// # Panics
/// When a wire has no value: the list names one that nothing gives.
pub fn broken<F: MarginField>(statements: &[Statement<F>], mut wires: Wires<F>) -> Vec<String> {
    let mut broken = Vec::new();
    go_through(statements, &mut wires, &mut |name| broken.push(name.to_owned()));
    broken
}

/// Gives wires their values, and names the statements that do not hold.
fn go_through<F: MarginField>(
    statements: &[Statement<F>],
    wires: &mut Wires<F>,
    broken: &mut dyn FnMut(&str),
) {
    for statement in statements {
        if let Statement::Within(scope, statements) = statement {
            within(scope, statements, wires, broken);
            continue;
        }
        match given(statement, wires) {
            Some(values) => wires.extend(values),
            None if holds(statement, wires) => {}
            None => statement.name().into_iter().for_each(&mut *broken),
        }
    }
}

/// The same in a scope.
fn within<F: MarginField>(
    scope: &str,
    statements: &[Statement<F>],
    wires: &mut Wires<F>,
    broken: &mut dyn FnMut(&str),
) {
    let prefix = format!("{scope}.");
    let mut own = wires.clone();
    let named = wires.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
    own.extend(named.map(|(name, value)| (name[prefix.len()..].to_owned(), *value)));
    go_through(statements, &mut own, &mut |name| broken(&format!("{prefix}{name}")));
    let is_given = |(name, value): &(String, F)| wires.get(name) != Some(value);
    let given: Vec<_> = own.into_iter().filter(is_given).collect();
    wires.extend(given.into_iter().map(|(name, value)| (prefix.clone() + &name, value)));
}

/// The values of the wires that a statement gives one, if it is such.
fn given<F: MarginField>(statement: &Statement<F>, wires: &Wires<F>) -> Option<Vec<(String, F)>> {
    let value = |polynomial: &Polynomial<F>| evaluate(polynomial, wires);
    let (names, values) = match statement {
        Statement::Define(wire, polynomial) => (from_ref(wire), vec![value(polynomial)]),
        Statement::Digest(wire, domain, message) => {
            (from_ref(wire), vec![hash(*domain, message.each_ref().map(value))])
        }
        Statement::Digits(names, polynomial, bits) => {
            (names.as_slice(), digits(&value(polynomial), names.len(), *bits))
        }
        Statement::Chain(wire, domain, start, words) => {
            let words: Vec<F> = words.iter().map(value).collect();
            let pairs = words.chunks(2).filter(|pair| pair[0] != F::ZERO);
            let chain = pairs.fold(value(start), |chain, pair| {
                let second = pair.get(1).copied().unwrap_or(F::ZERO);
                hash(*domain, [chain, pair[0], second, F::ZERO])
            });
            (from_ref(wire), vec![chain])
        }
        Statement::Links(wire, domain, all) => {
            let flagged = all.iter().filter(|of| value(&of.flag) == F::ONE);
            let link =
                |chain, of: &Flagged<F>| hash(*domain, [chain, value(&of.of), F::ZERO, F::ZERO]);
            (from_ref(wire), vec![flagged.fold(F::ZERO, link)])
        }
        Statement::Product(names, point, signs) => {
            let signs: Vec<F> = signs.iter().map(value).collect();
            (names.as_slice(), points::times(point.each_ref().map(value), &signs).to_vec())
        }
        Statement::Gathered(names, all) => {
            let flagged = all.iter().filter(|of| value(&of.flag) == F::ONE);
            let words = flagged.map(|of| value(&of.of)).chain(repeat(F::ZERO));
            (names.as_slice(), words.take(names.len()).collect())
        }
        Statement::Picked(wire, number, of) => {
            let number_is = |place: usize| value(&number.of) == F::from(place as u64);
            let place = (0..of.len()).find(|place| number_is(*place));
            let picked = place.filter(|_| value(&number.flag) == F::ONE);
            (from_ref(wire), vec![picked.map_or(F::ZERO, |place| value(&of[place]))])
        }
        Statement::Presumed(wire, [live, of]) => {
            let is_one = value(live) == F::ONE && integer(&value(of)).sign() == Sign::Plus;
            let presumed = if is_one { F::ONE } else { F::ZERO };
            (from_ref(wire), vec![wires.get(wire).copied().unwrap_or(presumed)])
        }
        Statement::Quotient(names, dividend, divisor) => {
            let dividend = integer(&value(dividend)).max(0.into());
            let quotient = (&dividend + (divisor - 1)) / *divisor;
            let slack = &quotient * *divisor - dividend;
            let told = |(name, own): (&String, BigInt)| {
                wires.get(name).copied().unwrap_or_else(|| field(&own))
            };
            (names.as_slice(), names.iter().zip([quotient, slack]).map(told).collect())
        }
        _ => return None,
    };
    Some(names.iter().cloned().zip(values).collect())
}

/// Whether a statement holds that gives nothing a value.
fn holds<F: MarginField>(statement: &Statement<F>, wires: &Wires<F>) -> bool {
    let value = |polynomial: &Polynomial<F>| evaluate(polynomial, wires);
    let integer = |polynomial: &Polynomial<F>| integer(&value(polynomial));
    match statement {
        Statement::Zero(_, polynomial) => value(polynomial) == F::ZERO,
        Statement::Differs(_, [flag, polynomial]) => {
            bit(&value(flag)) != Some(true) || value(polynomial) != F::ZERO
        }
        Statement::Below(_, polynomial, bits) => is_below(&value(polynomial), *bits),
        Statement::Extreme(_, polynomial, of, extreme) => {
            let all = of.iter().map(integer);
            let found = match extreme {
                Extreme::Largest => all.max(),
                Extreme::Smallest => all.min(),
            };
            found == Some(integer(polynomial))
        }
        Statement::Sign(_, [polynomial, negative], bits) => {
            let integer = integer(polynomial);
            let agrees = match bit(&value(negative)) {
                Some(true) => integer.sign() != Sign::Plus,
                Some(false) => integer.sign() != Sign::Minus,
                None => false,
            };
            agrees && integer.bits() <= u64::from(*bits)
        }
        Statement::Tail(_, tail) => is_tail(tail, wires),
        Statement::Told(_, bits, number) => {
            let (flag, number) = (bit(&value(&number.flag)), integer(&number.of));
            let due = |place: usize| flag == Some(true) && number == BigInt::from(place);
            let tells = |(place, told): (usize, &Polynomial<F>)| {
                bit(&value(told)).is_some_and(|told| told == due(place))
            };
            let has_bit = (0..bits.len()).any(due);
            flag.is_some_and(|flag| flag == has_bit) && bits.iter().enumerate().all(tells)
        }
        // They give values.
        _ => true,
    }
}

/// Whether these are the smallest, so many, and the largest of them is as told.
fn is_tail<F: MarginField>(tail: &Tail<F>, wires: &Wires<F>) -> bool {
    let integer = |polynomial: &Polynomial<F>| integer(&evaluate(polynomial, wires));
    let marks = tail.marked.iter().map(|mark| bit(&evaluate(mark, wires)));
    let Some(marks) = marks.collect::<Option<Vec<bool>>>() else { return false };
    let mut all: Vec<BigInt> = tail.of.iter().map(integer).collect();
    let marked = all.iter().zip(marks).filter(|(_, marked)| *marked);
    let mut marked: Vec<BigInt> = marked.map(|(value, _)| value.clone()).collect();
    all.sort();
    marked.sort();
    let has_size = integer(&tail.size) == BigInt::from(marked.len());
    has_size && all.starts_with(&marked) && marked.last() == Some(&integer(&tail.threshold))
}

/// A bit, if it is one.
fn bit<F: MarginField>(value: &F) -> Option<bool> {
    match value {
        _ if *value == F::ONE => Some(true),
        _ if *value == F::ZERO => Some(false),
        _ => None,
    }
}

/// The value of a polynomial.
///
/// # Panics
/// When a wire of it has no value.
pub(super) fn evaluate<F: MarginField>(polynomial: &Polynomial<F>, wires: &Wires<F>) -> F {
    let go = |polynomial: &Polynomial<F>| evaluate(polynomial, wires);
    match polynomial {
        Polynomial::Wire(name) => *wires.get(name).unwrap_or_else(|| panic!("no wire {name}")),
        Polynomial::Constant(value) => *value,
        Polynomial::Sum(a, b) => go(a) + go(b),
        Polynomial::Difference(a, b) => go(a) - go(b),
        Polynomial::Product(a, b) => go(a) * go(b),
    }
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;
    use zkmargin_margin::poseidon::Domain;

    use super::*;

    #[test]
    fn a_statement_that_does_not_hold_is_named() {
        let constant = |value: i128| Polynomial::Constant(Fp::from_i128(value));
        let extreme = |value: i128, extreme| {
            let of = vec![constant(-7), constant(3), constant(0)];
            Statement::Extreme("extreme".to_owned(), constant(value), of, extreme)
        };
        let sign = |value: i128, negative: i128| {
            Statement::Sign("sign".to_owned(), [constant(value), constant(negative)], 8)
        };
        let is_broken = |statement| !broken(&[statement], Wires::new()).is_empty();
        assert!(!is_broken(extreme(3, Extreme::Largest)));
        assert!(is_broken(extreme(0, Extreme::Largest)));
        assert!(!is_broken(extreme(-7, Extreme::Smallest)));
        assert!(is_broken(extreme(-8, Extreme::Smallest)));
        assert!(!is_broken(sign(-255, 1)) && !is_broken(sign(0, 1)) && !is_broken(sign(0, 0)));
        assert!(is_broken(sign(-1, 0)) && is_broken(sign(1, 1)) && is_broken(sign(256, 0)));
        assert!(is_broken(sign(0, 2)));
    }

    #[test]
    fn a_tail_is_the_smallest_of_all() {
        let constant = |value: i128| Polynomial::Constant(Fp::from_i128(value));
        let tail = |marked: [i128; 4], size: i128, threshold: i128| {
            let tail = Tail {
                of: [5, -3, 5, 9].map(constant).to_vec(),
                marked: marked.map(constant).to_vec(),
                size: constant(size),
                threshold: constant(threshold),
            };
            broken(&[Statement::Tail("tail".to_owned(), tail)], Wires::new()).is_empty()
        };
        // Of equal ones either is marked.
        assert!(tail([1, 1, 0, 0], 2, 5) && tail([0, 1, 1, 0], 2, 5) && tail([0, 1, 0, 0], 1, -3));
        assert!(!tail([1, 0, 1, 0], 2, 5) && !tail([0, 1, 0, 1], 2, 9));
        assert!(!tail([1, 1, 0, 0], 2, 6) && !tail([1, 1, 0, 0], 3, 5) && !tail([0; 4], 0, 0));
        assert!(!tail([2, 1, 0, 0], 3, 5));
    }

    #[test]
    fn bits_tell_a_number() {
        let constant = |value: i128| Polynomial::Constant(Fp::from_i128(value));
        let told = |bits: [i128; 3], flag: i128, number: i128| {
            let number = Flagged { flag: constant(flag), of: constant(number) };
            let told = Statement::Told("told".to_owned(), bits.map(constant).to_vec(), number);
            broken(&[told], Wires::new()).is_empty()
        };
        assert!(told([0, 1, 0], 1, 1) && told([0; 3], 0, 1) && told([0; 3], 0, 7));
        assert!(!told([0; 3], 1, 1) && !told([0, 0, 1], 1, 1) && !told([1, 1, 0], 1, 1));
        // A number without a bit cannot be told, and no flag is half set.
        assert!(!told([0; 3], 1, 3) && !told([0; 3], 2, 1) && !told([0, 2, 0], 1, 1));
        assert!(!told([1, 0, 0], 0, 0));
    }

    #[test]
    fn a_scope_has_wires_of_its_own() {
        let wire = |name: &str| Polynomial::<Fp>::Wire(name.to_owned());
        let same = |name: &str, left: &str, right: &str| {
            Statement::Zero(name.to_owned(), wire(left) - wire(right))
        };
        let inside = vec![
            Statement::Define("sum".to_owned(), wire("own") + wire("shared")),
            same("is four", "sum", "four"),
        ];
        let list = [
            Statement::Within("a".to_owned(), inside.clone()),
            Statement::Within("b".to_owned(), inside),
            same("sums", "a.sum", "b.sum"),
        ];
        let wires = [("shared", 1), ("four", 4), ("a.own", 3), ("b.own", 2), ("own", 7)];
        let wires = wires.map(|(name, value)| (name.to_owned(), Fp::from(value)));
        assert_eq!(broken(&list, wires.into()), ["b.is four", "sums"]);
    }

    #[test]
    fn what_is_flagged_is_linked() {
        let constant = |value: u64| Polynomial::Constant(Fp::from(value));
        let all = [(1, 7), (0, 8), (1, 0)]
            .map(|(flag, of)| Flagged { flag: constant(flag), of: constant(of) });
        let link = |chain, of: u64| hash(Domain::Flagged, [chain, of.into(), 0.into(), 0.into()]);
        let chain = link(link(0.into(), 7), 0);
        let is_chain = Polynomial::Wire("chain".to_owned()) - Polynomial::Constant(chain);
        let list = [
            Statement::Links("chain".to_owned(), Domain::Flagged, all.to_vec()),
            Statement::Zero("chain".to_owned(), is_chain),
        ];
        assert_eq!(broken(&list, Wires::new()), [""; 0]);
    }

    #[test]
    fn words_are_gathered_and_chained() {
        let constant = |value: i128| Polynomial::Constant(Fp::from_i128(value));
        let all = [(1, 7), (0, 8), (1, 9)]
            .map(|(flag, word)| Flagged { flag: constant(flag), of: constant(word) });
        let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let words = names.iter().cloned().map(Polynomial::Wire).collect();
        let link = hash(Domain::Positions, [5, 7, 9, 0].map(Fp::from));
        let is_link = Polynomial::Wire("chain".to_owned()) - Polynomial::Constant(link);
        let list = [
            Statement::Gathered(names, all.to_vec()),
            // The second pair is none.
            Statement::Chain("chain".to_owned(), Domain::Positions, constant(5), words),
            Statement::Zero("chain".to_owned(), is_link),
        ];
        assert_eq!(broken(&list, Wires::new()), [""; 0]);
    }
}
