package apilimit

import "time"

const (
	window = time.Minute
	// tick is how exactly a request's time is kept. Requests of one tick count as made at its end, so that the window is never too short.
	tick = 10 * time.Millisecond
)

// moment is how many requests were admitted at a time.
type moment struct {
	at time.Time
	n  int
}

// usage is what one owner has used of the window, here and at the other processes.
type usage struct {
	here      []moment // oldest first
	elsewhere []moment // oldest first, as last heard
	sum       int      // of both
	untold    int      // admitted here since the last exchange
	limit     int
	limitAt   time.Time // when limit was found; zero: never
}

// expire drops what has left the window.
func (u *usage) expire(now time.Time) {
	for _, list := range []*[]moment{&u.here, &u.elsewhere} {
		gone := 0
		for gone < len(*list) && !(*list)[gone].at.Add(window).After(now) {
			u.sum -= (*list)[gone].n
			gone++
		}
		*list = (*list)[gone:]
	}
}

// add counts one request.
func (u *usage) add(now time.Time) {
	at := now.Truncate(tick).Add(tick)
	if last := len(u.here) - 1; last >= 0 && !u.here[last].at.Before(at) {
		u.here[last].n++
	} else {
		u.here = append(u.here, moment{at, 1})
	}
	u.sum++
	u.untold++
}

// freeAt is when the first of what is counted leaves the window; now when nothing is counted.
func (u *usage) freeAt(now time.Time) time.Time {
	first := now
	for _, list := range [][]moment{u.here, u.elsewhere} {
		if len(list) > 0 {
			if at := list[0].at.Add(window); first.Equal(now) || at.Before(first) {
				first = at
			}
		}
	}
	return first
}

// hear replaces what was known of the other processes.
func (u *usage) hear(elsewhere []moment, now time.Time) {
	for _, m := range u.elsewhere {
		u.sum -= m.n
	}
	for _, m := range elsewhere {
		u.sum += m.n
	}
	u.elsewhere = elsewhere
	u.expire(now)
}

// seconds sums what was admitted here by the second, for the others.
func (u *usage) seconds() (at []int64, counts []int32) {
	for _, m := range u.here {
		s := m.at.Add(time.Second - 1).Unix() // rounded up, as the window must never be too short
		if last := len(at) - 1; last >= 0 && at[last] == s {
			counts[last] += int32(m.n)
			continue
		}
		at, counts = append(at, s), append(counts, int32(m.n))
	}
	return at, counts
}
