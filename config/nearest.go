package config

import "strings"

// nearest is the known key that somebody who wrote key most likely meant, and
// how many edits away it is. It compares whole keys and last words, so that
// `htpasswd_file` in the wrong section finds `auth.basic.htpasswd_file`.
func nearest(key string) (string, int) {
	best, distance := "", len(key)+1
	for _, l := range leaves() {
		for _, d := range []int{edits(key, l.key), edits(lastWord(key), lastWord(l.key)) + 2} {
			if d < distance {
				best, distance = l.key, d
			}
		}
	}
	return best, distance
}

func lastWord(key string) string {
	return key[strings.LastIndex(key, ".")+1:]
}

// edits is the Levenshtein distance of two words, whatever their case.
func edits(a, b string) int {
	from, to := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
