package posts

// Rollup is the state of a post whose targets have the given states; it is not asked for drafts.
//
// While some target is at work the post is publishing. When all wait for their time or for another try, it is scheduled. When all have
// ended, it is what they have in common, or partial when only some are published.
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
	case n[Cancelled] == len(targets):
		return Cancelled
	case n[Published] > 0:
		return Partial
	default:
		return Failed
	}
}
