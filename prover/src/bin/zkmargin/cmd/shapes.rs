//! Proofs of one venue that are of several shapes.

use std::collections::BTreeMap;

use serde::Serialize;
use zkmargin_margin::shape::Shape;
use zkmargin_verifier::pins::list;

/// How many proofs there are of each shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Shapes(BTreeMap<Shape, usize>);

impl Shapes {
    /// Of proofs, by the shape of each.
    pub(super) fn of(shapes: &[Shape]) -> Self {
        let mut counts = BTreeMap::new();
        for shape in shapes {
            *counts.entry(*shape).or_default() += 1;
        }
        Self(counts)
    }

    /// Behind the number of all proofs; nothing where they are of one shape.
    pub(super) fn told(&self) -> String {
        let counts = self.0.iter().map(|(shape, count)| format!("{count} {shape}"));
        if self.0.len() > 1 { format!(" ({})", list(counts)) } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told_where_there_are_several() {
        let told = |shapes: &[Shape]| Shapes::of(shapes).told();
        assert_eq!(told(&[Shape::Small; 3]), "");
        let mixed = [Shape::Large, Shape::Small, Shape::Medium, Shape::Small];
        assert_eq!(told(&mixed), " (2 small, 1 medium and 1 large)");
        let json = serde_json::to_string(&Shapes::of(&mixed)).ok();
        assert_eq!(json.as_deref(), Some(r#"{"small":2,"medium":1,"large":1}"#));
    }
}
