"""Every number that turns a measurement into a score, in one place, with where it comes from.

They were chosen on the `tuning` half of the sentences of tests/validation, never on the other half; the command
`python -m tests.validation` prints what both halves give. Nothing here was fitted to the ratings of people.

Called by the judges of this folder.
"""

# --- Accuracy -----------------------------------------------------------
# Natural-log units of goodness below the reference that take a phone from 100 to 37.
DEFICIT_SCALE = 3.0
# A reading that is as good as the reference differs by so much from it by chance.
FORGIVEN = 0.8
# Where the model doubts the reference itself, being worse than that says little.
LOWEST_GOODNESS = -6.0
# From these odds on a phone counts as left out.
OMISSION_ODDS = 3.0

# --- Fluency ------------------------------------------------------------
# A pause of 0.6 s within a sentence of 3.5 s takes a quarter of the score.
PAUSE_COST = 0.3
PAUSE_PER_SECONDS = 3.5
ORDINARY_PAUSE_SECONDS = 0.42
USUAL_PAUSE_SECONDS = 0.8
MOST_A_PAUSE_WEIGHS = 3.0
# So many times faster or slower than the reference is a matter of taste.
FREE_PACE = 1.35
PACE_COST = 1.5

# --- Rhythm -------------------------------------------------------------
FORGIVEN_SECONDS = 0.01
SHORTEST_SECONDS = 0.02
# Natural log of the ratio: three times too long is as bad as it gets.
WORST_LENGTH = 1.1
FREE_RHYTHM = 0.02
RHYTHM_COST = 5.0
# A unit with a phone under the first score was hardly heard, and neither was when; from the second on it counts whole.
HEARD_FROM, CLEAR_FROM = 30.0, 60.0
# So many lengths without fault are added to those that were compared: little evidence costs little.
DOUBTED_LENGTHS = 2.0

# --- Pitch --------------------------------------------------------------
FEWEST_PITCHES = 3
SMALLEST_RANGE = 0.5  # semitones
# Nobody uses exactly the reference's range: from so much of it on all is well, and up to so much.
FREE_RANGE = 0.85
WIDEST_RANGE = 1.8
FREE_CORRELATION = 0.95  # two readings of one sentence by one voice agree no better
# Of its length in the reference, at the recording's tempo: a unit that is laid on less was not said.
LEAST_ROOM = 0.4
OCTAVE_FROM_SEMITONES, FAR_SEMITONES = 8.5, 6.0

# --- Overall ------------------------------------------------------------
# What is said weighs most; the rest only shows when that is there.
OVERALL = {"accuracy": 0.5, "fluency": 0.2, "rhythm": 0.15, "pitch": 0.15}

# --- Caps ---------------------------------------------------------------
# Fluency, rhythm and pitch of words that were not said mean nothing. Overall is never above the completeness; the
# others may be so much above it, and so many times the accuracy: below 30 points they are drawn down with it.
ABOVE_COMPLETENESS = 20.0
TIMES_ACCURACY = 3.3
COMPLETE_FROM = 90.0

# --- What the learner is told -------------------------------------------
# A phone under this score is called wrong, and another is named only at such odds (natural log).
WRONG_BELOW = 70.0
SUBSTITUTION_ODDS = 1.0
# From these on a length is called too long or too short.
LONG_RATIO, SHORT_RATIO = 1.6, 0.6
# Semitones by which a unit's pitch misses the reference's before it is spoken of.
PITCH_MISS_SEMITONES = 3.5
FLAT_RANGE = 0.6
MOST_FINDINGS = 8
