//! One syllable of a voice: a consonant of filtered noise, then a vowel with two formants.

use fastrand::Rng;

const SAMPLE_RATE: u32 = 8_000;

/// The loudest sample of a syllable.
const PEAK: i64 = 11_000;

/// A resonance in fixed point, 14 bits after the point: `y = x + a y' - b y''`.
type Resonance = (i64, i64);

/// The first formants: 310, 440, 580, 730 Hz.
const LOW: [Resonance; 4] = [(30_689, 15_257), (29_752, 15_257), (28_397, 15_257), (26_565, 15_257)];

/// The second formants: 950, 1250, 1700, 2150 Hz.
const HIGH: [Resonance; 4] = [(22_859, 14_787), (17_295, 14_787), (7_267, 14_787), (-3_659, 14_787)];

/// The hiss of a consonant: around 3000 Hz.
const HISS: Resonance = (-18_536, 10_486);

/// The samples of a syllable, 90 to 240 ms long, spoken at about `pitch` Hz.
pub(super) fn syllable(rng: &mut Rng, pitch: u32) -> Vec<i16> {
    let consonant = rng.u32(0..400);
    let vowel = rng.u32(720..1_520);
    let mut noise = rng.u32(1..);
    let (low, high) = (LOW[rng.u32(0..4) as usize], HIGH[rng.u32(0..4) as usize]);
    let (mut hiss, mut first, mut second) = (Filter::new(HISS), Filter::new(low), Filter::new(high));
    let (mut phase, mut frequency) = (0, pitch * rng.u32(92..108) / 100);
    let mut samples = Vec::with_capacity((consonant + vowel) as usize);
    for _ in 0..consonant {
        noise = scramble(noise);
        samples.push(hiss.next(i64::from(noise >> 22) - 512));
    }
    let consonant_end = samples.len();
    for at in 0..vowel {
        // the voice falls a little, and breathes
        frequency -= u32::from(at % 160 == 159);
        phase += frequency;
        noise = scramble(noise);
        let mut breath = i64::from(noise >> 26) - 32;
        if phase >= SAMPLE_RATE {
            phase -= SAMPLE_RATE;
            breath += 2_000;
        }
        samples.push(second.next(first.next(breath)));
    }
    let mut sound = shape(&samples[..consonant_end], PEAK / 4);
    sound.extend(shape(&samples[consonant_end..], PEAK));
    sound
}

/// Brings the samples to this height, swelling over the first eighth and fading over the last half.
fn shape(samples: &[i64], peak: i64) -> Vec<i16> {
    let highest = samples.iter().map(|sample| sample.abs()).max().unwrap_or_default().max(1);
    let len = samples.len() as i64;
    let height = |at: i64| (at * 8).min((len - at) * 2).min(len);
    let scaled = samples.iter().zip(0..).map(|(sample, at)| sample * peak / highest * height(at) / len);
    scaled.map(|sample| sample as i16).collect()
}

/// The next of a row of numbers without order, none of them 0.
fn scramble(mut number: u32) -> u32 {
    number ^= number << 13;
    number ^= number >> 17;
    number ^ (number << 5)
}

struct Filter {
    resonance: Resonance,
    last: i64,
    before: i64,
}

impl Filter {
    fn new(resonance: Resonance) -> Self {
        Self { resonance, last: 0, before: 0 }
    }

    fn next(&mut self, input: i64) -> i64 {
        let (a, b) = self.resonance;
        let output = input + ((a * self.last - b * self.before) >> 14);
        (self.last, self.before) = (output, self.last);
        output
    }
}
