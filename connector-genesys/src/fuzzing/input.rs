//! What a fuzzer wrote, taken apart from its beginning. What is missing at the end is 0.

/// The bytes that are left.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(crate) fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// So many bytes as the first one says.
    pub(crate) fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    /// The same text with a stretch of it replaced.
    pub(crate) fn spoil(&mut self, text: &[u8]) -> Vec<u8> {
        let from = usize::from(self.word()) % (text.len() + 1);
        let to = (from + usize::from(self.byte() % 16)).min(text.len());
        [&text[..from], self.piece(), &text[to..]].concat()
    }
}
