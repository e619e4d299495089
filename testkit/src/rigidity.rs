//! Rigidity: at an honest witness, whether any cell can move.
//!
//! Cells that copies make equal are one variable. Every enabled gate is
//! linearised; what is left of the variables after elimination are directions
//! in which the witness can move without a gate noticing, at first order. Three
//! things besides linear equations hold a variable in place:
//!
//! - a gate with one variable that can still move has finitely many roots (the
//!   square of a constant's row, the product over a node's children);
//! - a digest that cannot move holds its message: that is what collision
//!   resistance is for;
//! - a lookup says that a difference of running sums is a byte: it cannot move.
//!
//! With the lookups nothing may be left. Without them the ranges' values are
//! free where the circuit is linear in them, and so many values have to be held
//! as the ranges are needed for: the *pins*, a stored list. A value that is
//! witnessed instead of computed is one direction too many.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zkmargin_margin::field::MarginField;

use crate::check::{Changes, Checker, Constraint};
use crate::linear::{Echelon, Equation};
use crate::record::NamedCell;
use crate::tamper::groups;
use zkmargin_circuits::lowering::shape::{CellRef, ColumnKind};

/// What lookups are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookups {
    /// Equations: a byte cannot move.
    Hold,
    /// Nothing: running sums are left out.
    Ignored,
}

/// What can move.
#[derive(Clone, Debug)]
pub struct Rigidity<'a> {
    /// Variables of enabled gates.
    pub variables: usize,
    /// Pins that were found in the circuit.
    pub pins: usize,
    /// Directions that are left.
    pub directions: usize,
    /// A cell of each variable that some direction moves.
    pub moving: Vec<&'a NamedCell>,
}

/// What can move when the cells that `pinned` names are held.
pub fn rigidity<'a, F: MarginField>(
    checker: &Checker<'a, F>,
    lookups: Lookups,
    pinned: impl Fn(&NamedCell) -> bool,
) -> Rigidity<'a> {
    let mut state = State::new(checker, lookups);
    let recording = checker.recording();
    let mut pins = BTreeSet::new();
    for cell in recording.cells.iter().filter(|cell| pinned(cell)) {
        let variable = state.variable_of[&cell.at];
        if state.in_equations[variable] && !state.held[variable] {
            pins.insert(variable);
        }
    }
    pins.iter().for_each(|variable| state.hold(*variable));
    let directions = state.run();
    let mut named: BTreeMap<usize, &NamedCell> = BTreeMap::new();
    for cell in recording.cells.iter().rev() {
        named.insert(state.variable_of[&cell.at], cell);
    }
    let can_move = |variable: &usize| state.in_equations[*variable] && !state.held[*variable];
    let variables = 0..state.held.len();
    Rigidity {
        variables: state.in_equations.iter().filter(|used| **used).count(),
        pins: pins.len(),
        directions,
        moving: variables.filter(can_move).filter_map(|v| named.get(&v).copied()).collect(),
    }
}

/// A linearised constraint.
struct Held<F> {
    constraint: Constraint,
    equation: Equation<F>,
    /// Its variables that can still move.
    open: usize,
}

/// The message and the digest of a permutation.
#[derive(Default)]
struct Permutation {
    message: Vec<usize>,
    digest: Option<usize>,
}

struct State<'a, F> {
    checker: &'a Checker<'a, F>,
    variable_of: BTreeMap<CellRef, usize>,
    cells: Vec<Vec<CellRef>>,
    in_equations: Vec<bool>,
    held: Vec<bool>,
    constraints: Vec<Held<F>>,
    readers: Vec<Vec<usize>>,
    /// Messages by the variable of their digest.
    messages: BTreeMap<usize, Vec<usize>>,
    queue: VecDeque<usize>,
}

impl<'a, F: MarginField> State<'a, F> {
    fn new(checker: &'a Checker<'a, F>, lookups: Lookups) -> Self {
        let (variable_of, cells) = variables(checker);
        let mut state = Self {
            checker,
            in_equations: vec![false; cells.len()],
            held: vec![false; cells.len()],
            constraints: Vec::new(),
            readers: vec![Vec::new(); cells.len()],
            messages: BTreeMap::new(),
            queue: VecDeque::new(),
            variable_of,
            cells,
        };
        for constraint in checker.constraints() {
            match constraint {
                Constraint::Copy(_) => continue,
                Constraint::Lookup { .. } if lookups == Lookups::Ignored => continue,
                _ => state.add(constraint),
            }
        }
        state.messages = state.find_messages();
        let public = |cell: &CellRef| cell.column.kind != ColumnKind::Advice;
        for variable in 0..state.cells.len() {
            if state.cells[variable].iter().any(public) {
                state.hold(variable);
            }
        }
        let settled = 0..state.constraints.len();
        settled.filter(|i| state.constraints[*i].open == 1).for_each(|i| state.queue.push_back(i));
        state
    }

    fn add(&mut self, constraint: Constraint) {
        let mut equation = Equation::new();
        for (cell, slope) in self.checker.slopes(&constraint) {
            *equation.entry(self.variable_of[&cell]).or_insert(F::ZERO) += slope;
        }
        let index = self.constraints.len();
        for variable in equation.keys() {
            self.in_equations[*variable] = true;
            self.readers[*variable].push(index);
        }
        let open = equation.len();
        self.constraints.push(Held { constraint, equation, open });
    }

    /// The messages of permutations, by their cells' names.
    fn find_messages(&self) -> BTreeMap<usize, Vec<usize>> {
        let recording = self.checker.recording();
        let mut blocks: BTreeMap<(usize, &str), Permutation> = BTreeMap::new();
        for cell in &recording.cells {
            let Some((what, block)) = cell.name.split_once(" of block ") else { continue };
            let variable = self.variable_of[&cell.at];
            let of = blocks.entry((cell.region, block)).or_default();
            match what {
                "digest" => of.digest = Some(variable),
                _ => of.message.push(variable),
            }
        }
        let mut messages: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for Permutation { message, digest } in blocks.into_values() {
            let digest = digest.expect("a permutation with a digest");
            messages.entry(digest).or_default().extend(message);
        }
        messages
    }

    /// Holds a variable, and counts down in the constraints that read it.
    fn hold(&mut self, variable: usize) {
        if std::mem::replace(&mut self.held[variable], true) {
            return;
        }
        for index in &self.readers[variable] {
            let constraint = &mut self.constraints[*index];
            constraint.open -= 1;
            if constraint.open == 1 {
                self.queue.push_back(*index);
            }
        }
        for message in self.messages.get(&variable).cloned().unwrap_or_default() {
            self.hold(message);
        }
    }

    /// Holds what can be held until nothing more follows; the directions left.
    fn run(&mut self) -> usize {
        loop {
            while let Some(index) = self.queue.pop_front() {
                let held = &self.constraints[index];
                let open = held.equation.keys().find(|variable| !self.held[**variable]);
                if let Some(variable) = open.copied()
                    && self.has_few_roots(index, variable)
                {
                    self.hold(variable);
                }
            }
            let (directions, fixed) = self.eliminate();
            if fixed.is_empty() {
                return directions;
            }
            fixed.into_iter().for_each(|variable| self.hold(variable));
        }
    }

    /// Whether a constraint, all other variables being held, is no identity in
    /// this one: then it has finitely many roots.
    fn has_few_roots(&self, index: usize, variable: usize) -> bool {
        let held = &self.constraints[index];
        if held.equation[&variable] != F::ZERO {
            return true;
        }
        let cells = self.cells[variable].iter();
        let moved = |cell: &CellRef| {
            let value = self.checker.recording().value(*cell);
            (*cell, value + F::from(0x5eed_5eed))
        };
        let changes: Changes<F> = cells.map(moved).collect();
        self.checker.check(&changes).contains(&held.constraint)
    }

    /// Eliminates; the directions left, and the variables that none moves.
    fn eliminate(&self) -> (usize, Vec<usize>) {
        let mut echelon = Echelon::new(self.held.len());
        for held in self.constraints.iter().filter(|held| held.open > 0) {
            let open = held.equation.iter().filter(|(variable, _)| !self.held[**variable]);
            echelon.insert(open.map(|(variable, slope)| (*variable, *slope)).collect());
        }
        let open: Vec<_> =
            (0..self.held.len()).filter(|v| self.in_equations[*v] && !self.held[*v]).collect();
        // A value that is zero however the free ones are chosen, with
        // probability all but one.
        let mut seed = F::from(0x5eed).invert().unwrap_or(F::ONE);
        let values = echelon.solution(|_| {
            seed = seed.square() + F::from(0x1d);
            seed
        });
        let fixed = open.iter().copied().filter(|variable| values[*variable] == F::ZERO);
        (open.len() - echelon.rank(), fixed.collect())
    }
}

/// Groups of equal cells, numbered in the order of their first assignment.
fn variables<F: MarginField>(
    checker: &Checker<'_, F>,
) -> (BTreeMap<CellRef, usize>, Vec<Vec<CellRef>>) {
    let groups = groups(checker);
    let mut root_of = BTreeMap::new();
    for (root, cells) in &groups {
        root_of.extend(cells.iter().map(|cell| (*cell, *root)));
    }
    let mut variable_of = BTreeMap::new();
    let mut cells = Vec::new();
    for cell in &checker.recording().cells {
        if !variable_of.contains_key(&cell.at) {
            let group = &groups[&root_of[&cell.at]];
            variable_of.extend(group.iter().map(|cell| (*cell, cells.len())));
            cells.push(group.clone());
        }
    }
    (variable_of, cells)
}
