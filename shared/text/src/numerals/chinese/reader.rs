//! Digits and units, one after the other, to a value.

/// The state of reading: what is above the current section of four digits, the section, the digit.
#[derive(Default)]
pub(super) struct Reader {
    total: f64,
    section: f64,
    digit: Option<f64>,
    /// The last unit, and the last within the section.
    last: f64,
    least: f64,
    least_large: f64,
    zero: bool,
    pub(super) any: bool,
    pub(super) is_open: bool,
    pub(super) chinese: bool,
}

impl Reader {
    pub(super) fn number(&mut self, value: f64) -> bool {
        let fits = self.digit.is_none() && !(self.last == 0.0 && self.any && !self.zero);
        if fits {
            self.digit = Some(value);
            self.any = true;
        }
        fits
    }

    pub(super) fn zero(&mut self) -> bool {
        let fits = self.digit.is_none() && !self.zero;
        self.zero |= fits;
        self.any |= fits;
        fits
    }

    pub(super) fn open(&mut self) -> bool {
        let fits = self.digit.is_none();
        if fits {
            self.digit = Some(1.0);
            (self.is_open, self.any) = (true, true);
        }
        fits
    }

    pub(super) fn unit(&mut self, unit: f64) -> bool {
        if unit < 1e4 {
            let descends = self.least == 0.0 || unit < self.least;
            // 十 begins a number without a digit, and 一百十 is heard too.
            let head = self.digit.or_else(|| (unit == 1e1 || !self.any).then_some(1.0));
            let Some(head) = head.filter(|_| descends) else { return false };
            self.section += head * unit;
            self.least = unit;
        } else {
            let descends = self.least_large == 0.0 || unit < self.least_large || unit == 1e8 && self.total > 0.0;
            self.section += self.digit.unwrap_or(0.0);
            if !descends || self.section == 0.0 && !(unit == 1e8 && self.total > 0.0) {
                return false;
            }
            if unit == 1e8 {
                self.total = (self.total + self.section) * unit;
            } else {
                self.total += self.section * unit;
            }
            (self.section, self.least, self.least_large) = (0.0, 0.0, unit);
        }
        (self.digit, self.last, self.zero, self.any) = (None, unit, false, true);
        true
    }

    /// A digit after a unit and without 零 counts the next unit down: 两千五 is 2500.
    pub(super) fn value(&self) -> f64 {
        let digit = self.digit.unwrap_or(0.0);
        let short = self.last > 1e1 && !self.zero && digit < 10.0 && digit.fract() == 0.0;
        self.total + self.section + if short { digit * self.last / 10.0 } else { digit }
    }
}
