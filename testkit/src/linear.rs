//! Sparse elimination over a field.

use std::collections::BTreeMap;

use zkmargin_margin::field::MarginField;

/// A linear equation: coefficients by variable, their sum being zero.
pub type Equation<F> = BTreeMap<usize, F>;

/// Independent equations, each solved for its last variable.
///
/// Variables are numbered in the order in which a circuit computes them, so an
/// equation is solved for what it computes, and is reduced by others only where
/// two of them compute the same.
#[derive(Debug)]
pub struct Echelon<F> {
    /// By variable: the equation that is solved for it, without it.
    pivots: Vec<Option<Vec<(usize, F)>>>,
    rank: usize,
}

impl<F: MarginField> Echelon<F> {
    /// No equation between so many variables.
    pub fn new(variables: usize) -> Self {
        Self { pivots: vec![None; variables], rank: 0 }
    }

    /// The number of independent equations.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Adds an equation, unless it follows from the others.
    pub fn insert(&mut self, mut equation: Equation<F>) {
        while let Some((last, factor)) = equation.pop_last() {
            if factor == F::ZERO {
                continue;
            }
            let Some(pivot) = &self.pivots[last] else {
                let inverse = -factor.invert().unwrap_or(F::ZERO);
                let solved = equation.into_iter().filter(|(_, c)| *c != F::ZERO);
                self.pivots[last] = Some(solved.map(|(v, c)| (v, c * inverse)).collect());
                self.rank += 1;
                return;
            };
            for (variable, coefficient) in pivot {
                *equation.entry(*variable).or_insert(F::ZERO) += factor * coefficient;
            }
        }
    }

    /// A solution by the values of the variables that no equation is solved
    /// for.
    pub fn solution(&self, mut free: impl FnMut(usize) -> F) -> Vec<F> {
        let mut values = Vec::with_capacity(self.pivots.len());
        for (variable, pivot) in self.pivots.iter().enumerate() {
            let value = match pivot {
                None => free(variable),
                Some(terms) => terms.iter().map(|(v, c)| values[*v] * c).sum(),
            };
            values.push(value);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use halo2_proofs::arithmetic::Field as _;
    use zkmargin_margin::field::bn254::Bn254Fr as F;

    use super::*;

    fn equation(terms: &[(usize, u64)]) -> Equation<F> {
        terms.iter().map(|(variable, factor)| (*variable, F::from(*factor))).collect()
    }

    #[test]
    fn what_follows_from_others_adds_nothing() {
        let mut echelon = Echelon::new(4);
        echelon.insert(equation(&[(0, 1), (1, 2), (3, 1)]));
        echelon.insert(equation(&[(1, 5), (3, 2)]));
        assert_eq!(echelon.rank(), 2);
        // Three times the first and the second.
        echelon.insert(equation(&[(0, 3), (1, 11), (3, 5)]));
        assert_eq!(echelon.rank(), 2);
        let values = echelon.solution(|variable| F::from(variable as u64 + 1));
        assert_eq!(values[0] + values[1].double() + values[3], F::ZERO);
        assert_eq!(values[1] * F::from(5) + values[3].double(), F::ZERO);
        assert_eq!(values[2], F::from(3), "in no equation");
    }
}
