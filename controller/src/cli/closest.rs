//! Finds the names that somebody may have meant.

/// At most so many are offered.
const MOST: usize = 3;

/// The known names that look like the given one, the most alike first.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let asked = name.to_lowercase();
    // A third of the name may be wrong, and one letter of a short one.
    let allowed = (asked.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .map(|known| (distance(&asked, &known.to_lowercase()), known))
        .filter(|(distance, known)| {
            *distance <= allowed || (asked.len() > 2 && known.to_lowercase().starts_with(&asked))
        })
        .collect();
    near.sort_unstable();
    near.into_iter()
        .take(MOST)
        .map(|(_, known)| known.to_owned())
        .collect()
}

/// Letters to insert, delete, replace or swap with a neighbour to get from one name to the other.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let width = to.len() + 1;
    let mut table = vec![0; (from.len() + 1) * width];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            let at = |i: usize, j: usize| table[i * width + j];
            table[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = at(i - 1, j - 1) + usize::from(from[i - 1] != to[j - 1]);
                let edited = replaced.min(at(i - 1, j) + 1).min(at(i, j - 1) + 1);
                let swaps = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                if swaps {
                    edited.min(at(i - 2, j - 2) + 1)
                } else {
                    edited
                }
            };
        }
    }
    table[from.len() * width + to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits_and_swaps() {
        for (from, to, edits) in [
            ("cfd", "cfd", 0),
            ("cfd", "cdf", 1),
            ("cfd", "cf", 1),
            ("cfd", "cfdx", 1),
            ("cfd", "cad", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(from, to), edits, "{from} {to}");
        }
    }

    #[test]
    fn only_names_that_look_alike_are_offered_the_closest_first() {
        let known = ["cfd", "crash-sim", "cfd-prod", "weather"];
        assert_eq!(closest("cdf", known), ["cfd"]);
        assert_eq!(closest("CFD", known), ["cfd", "cfd-prod"]);
        assert_eq!(closest("wether", known), ["weather"]);
        assert!(closest("nothing", known).is_empty());
    }
}
