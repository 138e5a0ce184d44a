package containers

import (
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

const (
	// firstPoll is when a new container is first asked for: images are finished by then, as a rule.
	firstPoll = 2 * time.Second
	// againBase is the wait before a second container; it doubles with each further one.
	againBase = 5 * time.Second
	againMax  = 5 * time.Minute
	// freshFault is how long a final fault ends the target. A retry by the user comes later, and starts over.
	freshFault = 2 * time.Minute
)

// create makes the container of a post, or begins a carousel.
func (f *Flow) create(ctx context.Context) (platforms.Step, error) {
	if err := f.spent(); err != nil {
		return platforms.Step{}, err
	}
	if f.Items > 0 {
		f.State.Items = fitItems(f.State.Items, f.Items)
		return f.createItem(ctx)
	}
	return f.makeContainer(ctx)
}

// createItem makes the container of the first item of a carousel that has none.
func (f *Flow) createItem(ctx context.Context) (platforms.Step, error) {
	i := firstEmpty(f.State.Items)
	if i < 0 {
		return f.Step(ItemsWait, 0, "all items of the carousel have containers")
	}
	if i >= f.Items {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Rule: f.Name + "." + RuleMediaChanged, Message: "the post's media changed while it was published", Remediation: "Retry the post."}
	}
	form, err := f.Item(ctx, i)
	if err != nil {
		return platforms.Step{}, err
	}
	id, err := f.Far.Create(ctx, form)
	if err != nil {
		return f.createFailed(err)
	}
	f.State.Items[i], f.State.CreatedAt, f.State.Polls, f.State.Missing = id, f.Conn.Now(), 0, 0
	f.State.Ready = min(f.State.Ready, i)
	next, wait := Items, time.Duration(0)
	if firstEmpty(f.State.Items) < 0 {
		next, wait = ItemsWait, firstPoll
	}
	return f.Step(next, wait, "container %s made for item %d of %d", id, i+1, len(f.State.Items))
}

// assemble makes the carousel's own container out of its finished items.
func (f *Flow) assemble(ctx context.Context) (platforms.Step, error) { return f.makeContainer(ctx) }

func (f *Flow) makeContainer(ctx context.Context) (platforms.Step, error) {
	form, err := f.Whole(ctx, f.State.Items)
	if err != nil {
		return platforms.Step{}, err
	}
	id, err := f.Far.Create(ctx, form)
	if err != nil {
		return f.createFailed(err)
	}
	f.State.Container, f.State.CreatedAt, f.State.Polls, f.State.Missing = id, f.Conn.Now(), 0, 0
	return f.Step(Processing, firstPoll, "container %s made for the %s%s", id, f.Kind, f.Note)
}

// createFailed spends a try on a fault that another container may cure, and passes on every other error.
func (f *Flow) createFailed(err error) (platforms.Step, error) {
	e := platforms.AsError(err)
	if e.Code == "" || f.Table.Row(e.Code).Tries == 0 || (e.Kind != platforms.Unavailable && e.Kind != platforms.NotReady) {
		return platforms.Step{}, err
	}
	// The items of a carousel that are there already stay; should one of them be what is missing, start over.
	if !meta.IsMissing(e) {
		return f.again(Fault{Code: e.Code, Text: e.Message}, f.State.Items)
	}
	return f.again(Fault{Code: e.Code, Text: e.Message}, nil)
}

// again goes back to making containers, keeping those of the items that are given.
func (f *Flow) again(why Fault, items []string) (platforms.Step, error) {
	why.At = f.Conn.Now()
	why.Text = meta.Shorten(string(f.Conn.Redact([]byte(why.Text))))
	*f.State = State{Items: items, Ready: min(f.State.Ready, max(firstEmpty(items), 0)), Tries: f.State.Tries + 1, Fault: &why}
	if f.State.Tries >= f.Table.Row(why.Code).Tries {
		return f.Step(Creating, 0, "giving up: %s", f.Table.Failure(why.Code, why.Text).Message)
	}
	wait := min(againBase<<min(f.State.Tries-1, 10), againMax)
	return f.Step(Creating, wait, "starting over: %s", f.Table.Failure(why.Code, why.Text).Message)
}

// spent is the final error when too many containers came to nothing.
func (f *Flow) spent() error {
	if f.State.Fault == nil {
		return nil
	}
	why := *f.State.Fault
	r := f.Table.Row(why.Code)
	if f.State.Tries < r.Tries {
		return nil
	}
	if f.Conn.Now().After(why.At.Add(freshFault)) {
		f.State.Tries, f.State.Fault = 0, nil
		return nil
	}
	e := f.Table.Failure(why.Code, why.Text)
	e.Kind = platforms.Rejected
	if why.Code == "24/2207006" { // what keeps vanishing is what we lost the right to see
		e.Kind, e.Category = platforms.Unauthorized, platforms.AuthExpired
	}
	return e
}

// fitItems makes the list of containers as long as the media; what was saved for another number of media is void.
func fitItems(items []string, n int) []string {
	if len(items) == n {
		return items
	}
	return make([]string, n)
}

// firstEmpty is the index of the first item without a container; -1 when each has one.
func firstEmpty(items []string) int {
	for i, id := range items {
		if id == "" {
			return i
		}
	}
	return -1
}
