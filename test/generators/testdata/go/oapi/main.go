// Command oapi tries the client that oapi-codegen makes.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"clients/oapi/client"
)

func main() {
	if err := try(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "oapi-codegen:", err)
		os.Exit(1)
	}
	fmt.Println("oapi-codegen: accounts listed; a post created, read and deleted; an error read")
}

func try(ctx context.Context) error {
	c, err := client.NewClientWithResponses(os.Getenv("POSTHORN_TEST_API"), client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+os.Getenv("POSTHORN_TEST_KEY"))
		return nil
	}))
	if err != nil {
		return err
	}
	accounts, err := c.ListAccountsWithResponse(ctx, &client.ListAccountsParams{})
	if err != nil {
		return err
	}
	if accounts.JSON200 == nil || len(accounts.JSON200.Accounts) == 0 {
		return fmt.Errorf("listing accounts: %s", accounts.Body)
	}
	var account client.Account
	for _, a := range accounts.JSON200.Accounts {
		if a.Platform == "bluesky" {
			account = a
		}
	}
	content, at := fmt.Sprint("from oapi-codegen ", time.Now().UnixNano()), "2035-01-15T10:00:00Z"
	created, err := c.CreatePostWithResponse(ctx, &client.CreatePostParams{}, client.CreatePostRequest{Content: &content, ScheduledFor: &at,
		Platforms: &[]client.NewTarget{{Platform: account.Platform, AccountId: account.UnderscoreId}}})
	if err != nil {
		return err
	}
	if created.JSON201 == nil || string(created.JSON201.Post.Status) != "scheduled" {
		return fmt.Errorf("creating a post: %s", created.Body)
	}
	id := created.JSON201.Post.UnderscoreId
	read, err := c.GetPostWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if read.JSON200 == nil || read.JSON200.Post.Content != content {
		return fmt.Errorf("reading it: %s", read.Body)
	}
	deleted, err := c.DeletePostWithResponse(ctx, id)
	if err != nil {
		return err
	}
	if deleted.JSON200 == nil {
		return fmt.Errorf("deleting it: %s", deleted.Body)
	}
	refused, err := c.CreatePostWithResponse(ctx, &client.CreatePostParams{}, client.CreatePostRequest{ScheduledFor: &at})
	if err != nil {
		return err
	}
	if refused.JSON400 == nil || refused.JSON400.Error == "" || refused.JSON400.Code == nil {
		return fmt.Errorf("a wrong request: %s", refused.Body)
	}
	return nil
}
