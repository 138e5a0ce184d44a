package instagram

import (
	"context"
	"net/url"
	"time"

	"posthorn/internal/platforms"
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

// create makes the container of a photo, reel or story, or begins a carousel.
func (f *flow) create(ctx context.Context) (platforms.Step, error) {
	if err := f.spent(); err != nil {
		return platforms.Step{}, err
	}
	if option := f.opts.facebookOnly(); option != "" && f.api.data.LoginMethod != loginFacebook {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + ruleFacebookLogin,
			Field: "platformSpecificData." + option, Message: option + " works only for accounts that were connected by Facebook Login",
			Remediation: "Remove " + option + ", or connect the account with loginMethod facebook_login."}
	}
	if f.kind == kindCarousel {
		f.st.Items = fitItems(f.st.Items, len(f.t.Content.Media))
		return f.createItem(ctx)
	}
	form, err := f.singleForm(ctx)
	if err != nil {
		return platforms.Step{}, err
	}
	return f.makeContainer(ctx, form)
}

// createItem makes the container of the first item of a carousel that has none.
func (f *flow) createItem(ctx context.Context) (platforms.Step, error) {
	i := firstEmpty(f.st.Items)
	if i < 0 {
		return f.step(stepItemsWait, 0, "all items of the carousel have containers")
	}
	if i >= len(f.t.Content.Media) {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + ruleMediaChanged, Message: "the post's media changed while it was published", Remediation: "Retry the post."}
	}
	form, err := f.itemForm(ctx, i)
	if err != nil {
		return platforms.Step{}, err
	}
	id, err := f.api.createContainer(ctx, form)
	if err != nil {
		return f.createFailed(err)
	}
	f.st.Items[i], f.st.CreatedAt, f.st.Polls, f.st.Missing = id, f.c.Now(), 0, 0
	f.st.Ready = min(f.st.Ready, i)
	next, wait := stepItems, time.Duration(0)
	if firstEmpty(f.st.Items) < 0 {
		next, wait = stepItemsWait, firstPoll
	}
	return f.step(next, wait, "container %s made for item %d of %d", id, i+1, len(f.st.Items))
}

// assemble makes the carousel's own container out of its finished items.
func (f *flow) assemble(ctx context.Context) (platforms.Step, error) {
	return f.makeContainer(ctx, f.carouselForm())
}

func (f *flow) makeContainer(ctx context.Context, form url.Values) (platforms.Step, error) {
	id, err := f.api.createContainer(ctx, form)
	if err != nil {
		return f.createFailed(err)
	}
	f.st.Container, f.st.CreatedAt, f.st.Polls, f.st.Missing = id, f.c.Now(), 0, 0
	note := "container %s made for the " + f.kind
	if f.kind == kindStory && f.t.Content.Text != "" {
		note += "; stories carry no caption, so the text was left out"
	}
	return f.step(stepProcessing, firstPoll, note, id)
}

// createFailed spends a try on a fault that another container may cure, and passes on every other error.
func (f *flow) createFailed(err error) (platforms.Step, error) {
	e := platforms.AsError(err)
	if e.Code == "" || rowOf(e.Code).tries == 0 || (e.Kind != platforms.Unavailable && e.Kind != platforms.NotReady) {
		return platforms.Step{}, err
	}
	// The items of a carousel that are there already stay; should one of them be what is missing, start over.
	if !isMissing(e) {
		return f.again(fault{Code: e.Code, Text: e.Message}, f.st.Items)
	}
	return f.again(fault{Code: e.Code, Text: e.Message}, nil)
}

// again goes back to making containers, keeping those of the items that are given.
func (f *flow) again(why fault, items []string) (platforms.Step, error) {
	why.At = f.c.Now()
	why.Text = shorten(string(f.c.Redact([]byte(why.Text))))
	f.st = state{Items: items, Ready: min(f.st.Ready, max(firstEmpty(items), 0)), Tries: f.st.Tries + 1, Fault: &why}
	if f.st.Tries >= rowOf(why.Code).tries {
		return f.step(stepCreating, 0, "giving up: %s", firstOf(why.Text, rowOf(why.Code).message))
	}
	wait := min(againBase<<min(f.st.Tries-1, 10), againMax)
	return f.step(stepCreating, wait, "starting over: %s", firstOf(why.Text, rowOf(why.Code).message))
}

// spent is the final error when too many containers came to nothing.
func (f *flow) spent() error {
	if f.st.Fault == nil {
		return nil
	}
	why := *f.st.Fault
	r := rowOf(why.Code)
	if f.st.Tries < r.tries {
		return nil
	}
	if f.c.Now().After(why.At.Add(freshFault)) {
		f.st.Tries, f.st.Fault = 0, nil
		return nil
	}
	e := r.failure(why.Code, firstOf(why.Text, r.message))
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
