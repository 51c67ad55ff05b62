package trail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"fieldboard.dev/fieldboard/shared/problem"
)

// partTimeout bounds the writing or reading of one part: some megabytes.
const partTimeout = time.Minute

func prefix(account string) string { return "exports/" + account + "/" }

func part(account, id string, n int) string {
	if n == headerPart {
		return prefix(account) + id + "/header"
	}
	return fmt.Sprintf("%s%s/%06d", prefix(account), id, n)
}

// writePart writes a part whole or not at all, and returns how many bytes it has. A part that is there already is written anew.
func (s store) writePart(ctx context.Context, account, id string, n int, write func(io.Writer) error) (int64, error) {
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel() // before Close, it leaves nothing written
	object := client.Bucket(s.bucket).Object(part(account, id, n)).NewWriter(ctx)
	counted := &counter{to: bufio.NewWriter(object)}
	if err := write(counted); err != nil {
		return 0, err
	}
	if err := counted.to.Flush(); err != nil {
		return 0, problem.Wrap(err, problem.Unavailable, "The export cannot be written right now.")
	}
	if err := object.Close(); err != nil {
		return 0, problem.Wrap(err, problem.Unavailable, "The export cannot be written right now.")
	}
	return counted.bytes, nil
}

type counter struct {
	to    *bufio.Writer
	bytes int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.bytes += int64(n)
	return n, err
}

func (s store) hasPart(ctx context.Context, account, id string, n int) (bool, error) {
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	_, err = client.Bucket(s.bucket).Object(part(account, id, n)).Attrs(ctx)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (s store) readPart(ctx context.Context, account, id string, n int, into io.Writer) (err error) {
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	object, err := client.Bucket(s.bucket).Object(part(account, id, n)).NewReader(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, object.Close()) }()
	_, err = io.Copy(into, object)
	return err
}

// dropExports deletes the files of all exports of an account.
func (s store) dropExports(ctx context.Context, account string) error {
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	bucket := client.Bucket(s.bucket)
	objects := bucket.Objects(ctx, &storage.Query{Prefix: prefix(account)})
	for {
		object, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("looking for exports: %w", err)
		}
		if err := bucket.Object(object.Name).Delete(ctx); err != nil && !errors.Is(err, storage.ErrObjectNotExist) {
			return fmt.Errorf("deleting %s: %w", object.Name, err)
		}
	}
}
