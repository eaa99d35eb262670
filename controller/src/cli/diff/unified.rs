//! Compares two texts line by line, as `diff -u` does.

use std::ops::Range;

/// Lines around a change that do not differ, as `diff -u` shows them.
const CONTEXT: usize = 3;

/// Above so many pairs of lines the shortest difference is not looked for: documents of a thousand
/// lines, changed from end to end, stay below it, and the table of pairs below ten megabytes.
const MOST_PAIRS: usize = 2_000_000;

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Where the lines below stand, as `@@ -1,4 +1,5 @@`.
    Place(String),
    /// On both sides.
    Same(String),
    /// On the old side only.
    Removed(String),
    /// On the new side only.
    Added(String),
}

/// One step from the old text to the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Keep,
    Remove,
    Add,
}

/// The lines that differ, with a few around them; empty when none does.
pub(super) fn unified(old: &str, new: &str) -> Vec<Line> {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let steps = steps(&old, &new);
    let mut lines = Vec::new();
    for hunk in hunks(&steps) {
        print(&steps, hunk, &old, &new, &mut lines);
    }
    lines
}

/// A shortest way from one text to the other; what is removed comes before what is added.
fn steps(old: &[&str], new: &[&str]) -> Vec<Step> {
    let equal = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(new).take_while(equal).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(equal)
        .count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut steps = vec![Step::Keep; head];
    if old.len() * new.len() > MOST_PAIRS {
        steps.extend(vec![Step::Remove; old.len()]);
        steps.extend(vec![Step::Add; new.len()]);
    } else {
        middle(old, new, &mut steps);
    }
    steps.extend(vec![Step::Keep; tail]);
    steps
}

/// By the longest common subsequence.
fn middle(old: &[&str], new: &[&str], steps: &mut Vec<Step>) {
    let width = new.len() + 1;
    // How many lines are common from a pair of lines on.
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            steps.push(Step::Keep);
            (i, j) = (i + 1, j + 1);
        } else if i < old.len()
            && (j == new.len() || common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            steps.push(Step::Remove);
            i += 1;
        } else {
            steps.push(Step::Add);
            j += 1;
        }
    }
}

/// Where changes stand, with their context; those that touch each other in one.
fn hunks(steps: &[Step]) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    let changes = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| **step != Step::Keep);
    for (position, _) in changes {
        let (begin, end) = (
            position.saturating_sub(CONTEXT),
            (position + CONTEXT + 1).min(steps.len()),
        );
        match hunks.last_mut() {
            Some(last) if begin <= last.end => last.end = end,
            Some(_) | None => hunks.push(begin..end),
        }
    }
    hunks
}

fn print(steps: &[Step], hunk: Range<usize>, old: &[&str], new: &[&str], lines: &mut Vec<Line>) {
    let count =
        |steps: &[Step], without: Step| steps.iter().filter(|step| **step != without).count();
    let (before, within) = (&steps[..hunk.start], &steps[hunk]);
    let (mut i, mut j) = (count(before, Step::Add), count(before, Step::Remove));
    let place = |begin: usize, length: usize| match length {
        // As `diff -u`: of nothing, the line before it.
        0 => format!("{begin},0"),
        1 => format!("{}", begin + 1),
        _ => format!("{},{length}", begin + 1),
    };
    lines.push(Line::Place(format!(
        "@@ -{} +{} @@",
        place(i, count(within, Step::Add)),
        place(j, count(within, Step::Remove)),
    )));
    for step in within {
        match step {
            Step::Keep => {
                lines.push(Line::Same(old[i].to_owned()));
                (i, j) = (i + 1, j + 1);
            }
            Step::Remove => {
                lines.push(Line::Removed(old[i].to_owned()));
                i += 1;
            }
            Step::Add => {
                lines.push(Line::Added(new[j].to_owned()));
                j += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(old: &str, new: &str) -> String {
        let lines = unified(old, new).into_iter().map(|line| match line {
            Line::Place(line) => format!("{line}\n"),
            Line::Same(line) => format!(" {line}\n"),
            Line::Removed(line) => format!("-{line}\n"),
            Line::Added(line) => format!("+{line}\n"),
        });
        lines.collect()
    }

    fn numbers(range: Range<u32>) -> String {
        range.map(|number| format!("{number}\n")).collect()
    }

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!(text("", ""), "");
        assert_eq!(text("a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn a_changed_line_stands_between_three_others() {
        let old = numbers(1..20);
        let new = old.replace("10\n", "ten\n");
        assert_eq!(
            text(&old, &new),
            "@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
        );
    }

    #[test]
    fn what_is_new_is_all_added_and_what_goes_all_removed() {
        assert_eq!(text("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
        assert_eq!(text("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
    }

    #[test]
    fn changes_far_apart_are_hunks_of_their_own() {
        let old = numbers(1..40);
        let new = old
            .replace("5\n6\n", "5\n")
            .replace("\n30\n", "\n30\n30.5\n");
        assert_eq!(
            text(&old, &new),
            "@@ -3,7 +3,6 @@\n 3\n 4\n 5\n-6\n 7\n 8\n 9\n\
             @@ -28,6 +27,7 @@\n 28\n 29\n 30\n+30.5\n 31\n 32\n 33\n"
        );
    }

    #[test]
    fn what_stayed_is_found_among_what_moved() {
        assert_eq!(
            text("a\nb\nc\nd\n", "b\nx\nd\ne\n"),
            "@@ -1,4 +1,4 @@\n-a\n b\n-c\n+x\n d\n+e\n"
        );
    }

    #[test]
    fn texts_too_long_to_compare_are_replaced_whole() {
        let (old, new) = (numbers(0..2_000), numbers(5_000..7_000));
        let lines = unified(&old, &new);
        assert_eq!(lines.len(), 4_001);
    }
}
