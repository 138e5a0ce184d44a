// Command ogen tries the client that ogen makes.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"clients/ogen/client"
)

// keys gives every operation the key; no other credential is asked for here.
type keys struct{ client.SecuritySource }

// Key is the key.
func (keys) Key(context.Context, client.OperationName) (client.Key, error) {
	return client.Key{Token: os.Getenv("POSTHORN_TEST_KEY")}, nil
}

func main() {
	if err := try(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "ogen:", err)
		os.Exit(1)
	}
	fmt.Println("ogen: accounts listed; a post created, read and deleted; an error read")
}

func try(ctx context.Context) error {
	c, err := client.NewClient(os.Getenv("POSTHORN_TEST_API"), keys{})
	if err != nil {
		return err
	}
	listed, err := c.ListAccounts(ctx, client.ListAccountsParams{})
	if err != nil {
		return err
	}
	accounts, ok := listed.(*client.AccountList)
	if !ok || len(accounts.Accounts) == 0 {
		return fmt.Errorf("listing accounts: %+v", listed)
	}
	var account client.Account
	for _, a := range accounts.Accounts {
		if a.Platform == "bluesky" {
			account = a
		}
	}
	content := fmt.Sprint("from ogen ", time.Now().UnixNano())
	post := client.CreatePostRequest{Content: client.NewOptNilString(content), ScheduledFor: client.NewOptNilString("2035-01-15T10:00:00Z"),
		Platforms: client.NewOptNilNewTargetArray([]client.NewTarget{{Platform: account.Platform, AccountId: string(account.ID)}})}
	made, err := c.CreatePost(ctx, &post, client.CreatePostParams{})
	if err != nil {
		return err
	}
	answer, ok := made.(*client.CreatedPostHeaders)
	if !ok || answer.Response.Post.Status != client.PostStatusScheduled {
		return fmt.Errorf("creating a post: %+v", made)
	}
	created := answer.Response
	read, err := c.GetPost(ctx, client.GetPostParams{PostId: created.Post.ID})
	if err != nil {
		return err
	}
	if found, ok := read.(*client.PostReply); !ok || found.Post.Content != content {
		return fmt.Errorf("reading it: %+v", read)
	}
	deleted, err := c.DeletePost(ctx, client.DeletePostParams{PostId: created.Post.ID})
	if err != nil {
		return err
	}
	if _, ok := deleted.(*client.Message); !ok {
		return fmt.Errorf("deleting it: %+v", deleted)
	}
	post.Platforms = client.OptNilNewTargetArray{}
	refused, err := c.CreatePost(ctx, &post, client.CreatePostParams{})
	if err != nil {
		return err
	}
	if fault, ok := refused.(*client.CreatePostBadRequest); !ok || fault.Error == "" || !fault.Code.Set {
		return fmt.Errorf("a wrong request: %+v", refused)
	}
	return nil
}
