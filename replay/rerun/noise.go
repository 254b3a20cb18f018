package rerun

import "github.com/caddyrec/caddyrec/replay/compare"

// Noise is, for each exchange, where two runs of a plan do not agree, on
// instances that are known to be good: what nobody can expect to match.
// Exchanges that have no answer in one of them have none.
func Noise(a, b *Finished) map[string][]compare.Pattern {
	noise := map[string][]compare.Pattern{}
	for i, first := range a.Outcomes {
		second := b.Outcomes[i]
		if first.Replayed == 0 || second.Replayed == 0 {
			continue
		}
		if found := compare.Noise(first.Result, second.Result); len(found) > 0 {
			noise[first.Exchange] = found
		}
	}
	return noise
}
