package posts

// Rollup is the state of a post whose targets have the given states; it is not asked for drafts.
//
// While some target is at work the post is publishing. When all wait for their time or for another try, it is scheduled. When all have
// ended, it is what they have in common, partial when only some are published, and cancelled when some were taken away and none is left.
func Rollup(targets []Status) Status {
	n := map[Status]int{}
	for _, s := range targets {
		n[s]++
	}
	waiting, atWork := n[Pending], n[Processing]+n[Uploading]
	switch {
	case len(targets) == 0:
		return Cancelled
	case waiting == len(targets):
		return Scheduled
	case waiting+atWork > 0:
		return Publishing
	case n[Published] == len(targets):
		return Published
	case n[Published] > 0:
		return Partial
	case n[Cancelled] > 0:
		return Cancelled
	default:
		return Failed
	}
}
