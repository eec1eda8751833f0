//! Patterns of filters: the regular expressions that gcloud makes of its users' filters. Others are not understood.
//!
//! `eq` and `ne` compare with a pattern that must fit the whole text. Source: gcloud 528,
//! `api_lib/compute/filter_rewrite.py`, which quotes the documentation of filters.

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// This character.
    Char(char),
    /// Any character.
    One,
    /// Any characters.
    Any,
    /// The beginning or the end of a word.
    Edge,
    Begin,
    End,
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    /// Reads a pattern of characters, any characters, edges and groups that are not repeated.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(one) = chars.next() {
            parts.push(match one {
                '\\' => match chars.next()? {
                    'b' => Part::Edge,
                    class if class.is_alphanumeric() => return None,
                    escaped => Part::Char(escaped),
                },
                '.' if chars.next_if_eq(&'*').is_some() => Part::Any,
                '.' => Part::One,
                '^' => Part::Begin,
                '$' => Part::End,
                '(' | ')' => continue,
                '*' | '+' | '?' | '[' | ']' | '{' | '}' | '|' => return None,
                plain => Part::Char(plain),
            });
        }
        Some(Self(parts))
    }

    /// Whether it fits the whole text.
    pub(super) fn fits(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        // The places that the parts so far can have reached.
        let mut reached = vec![false; chars.len() + 1];
        reached[0] = true;
        for part in &self.0 {
            reached = (0..=chars.len())
                .map(|to| part.reaches(to, &reached, &chars))
                .collect();
        }
        reached[chars.len()]
    }
}

impl Part {
    /// Whether it leads to this place from one that was reached.
    fn reaches(self, to: usize, reached: &[bool], chars: &[char]) -> bool {
        let before = to.checked_sub(1);
        let is_word = |place: Option<usize>| {
            let one = place.and_then(|place| chars.get(place));
            one.is_some_and(|one| one.is_ascii_alphanumeric() || *one == '_')
        };
        match self {
            Self::Char(wanted) => {
                before.is_some_and(|before| reached[before] && chars[before] == wanted)
            }
            Self::One => before.is_some_and(|before| reached[before]),
            Self::Any => reached[..=to].contains(&true),
            Self::Edge => reached[to] && is_word(before) != is_word(Some(to)),
            Self::Begin => to == 0 && reached[0],
            Self::End => to == chars.len() && reached[to],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        let read = Pattern::read(pattern).expect("a pattern");
        assert_eq!(read.fits(text), expected, "{pattern} for {text}");
    }

    #[test]
    fn a_pattern_fits_the_whole_text() {
        check("n", "n", true);
        check("n", "nn", false);
        check("n.*", "name", true);
        check("n.m", "nam", true);
        check("n.m", "nm", false);
        check("", "", true);
        check(".*", "", true);
    }

    #[test]
    fn what_gcloud_makes_of_its_filters_is_understood() {
        // name=kp-r1, name:kp*, network~/kp-r1$
        check(r".*\bkp\-r1\b.*", "kp-r1", true);
        check(r".*\bkp\-r1\b.*", "kp-r1-2", true);
        check(r".*\bkp\-r1\b.*", "kp-r12", false);
        check(r".*\bkp.*", "a-kpx", true);
        check(r".*\bkp.*", "akp", false);
        check(".*(/kp-r1$).*", "https://x/networks/kp-r1", true);
        check(".*(/kp-r1$).*", "https://x/networks/kp-r1-2", false);
        check(".*(^kp).*", "kp-r1", true);
        check(".*(^kp).*", "a-kp", false);
    }

    #[test]
    fn other_expressions_are_not_read() {
        for pattern in ["a|b", "[ab]", "a+", "(a)*", r"\d", "a{2}", "(?:a)", "\\"] {
            assert_eq!(Pattern::read(pattern), None, "{pattern}");
        }
    }
}
