package platforms

// Answered is the error of a write that acts twice when it is repeated: a failure that the platform told of is no proof that nothing happened, save
// where the code says so.
func Answered(err error) error {
	e := *AsError(err)
	if e.Kind == Unavailable && e.Status != 0 {
		e.Kind = Ambiguous
	}
	return &e
}

// Doubtful makes sure that a look that failed does not end a target as plainly failed: where the core holds no doubt (Task.InDoubt), an earlier write
// still stands unexplained.
func Doubtful(err error, inDoubt bool) error {
	e := *AsError(err)
	if inDoubt {
		return &e
	}
	switch e.Kind {
	case RateLimited, NotReady, TokenExpired:
	default:
		e.Kind = Ambiguous
	}
	return &e
}
