package report

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cloud.google.com/go/storage"

	"fieldboard.dev/fieldboard/shared/problem"
)

// chunk is what is sent to Cloud Storage at a time, and held in memory meanwhile. It is a multiple of 256 KiB, as resumable
// uploads want it: https://cloud.google.com/storage/docs/performing-resumable-uploads.
const chunk = 1 << 20

// fileTimeout bounds what is asked about a file, and its deletion.
const fileTimeout = 30 * time.Second

// bucketOf returns where the files of an audience are kept. Those of the audit log are with the log's other exports: they are
// deleted as these are, when somebody is erased.
func (s store) bucketOf(a Audience) string {
	if a == ForAudit || a == ForAuditMoney {
		return s.cfg.AuditBucket
	}
	return s.cfg.Bucket
}

// objectOf is the name of a file. run keeps two runs of one report apart, of which the slower one deletes only its own.
func objectOf(account, id, run string, o Order, a Audience) string {
	folder := "reports"
	if a == ForAudit || a == ForAuditMoney {
		folder = "exports"
	}
	return fmt.Sprintf("%s/%s/%s/%s.%s", folder, account, id, run, o.Format)
}

// write makes a file of what a function writes, while it writes. The file is there once all of it is, and not before: when the
// function fails, or ctx ends, nothing is left. It returns the file's size.
func (s store) write(ctx context.Context, bucket, object, mediaType string, write func(io.Writer) error) (int64, error) {
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before Close, it ends the upload
	out := client.Bucket(bucket).Object(object).NewWriter(ctx)
	out.ChunkSize, out.ContentType = chunk, mediaType
	counted := &counter{to: bufio.NewWriterSize(out, 64<<10)}
	if err := write(counted); err != nil {
		return 0, err
	}
	if err := counted.to.Flush(); err != nil {
		return 0, problem.Wrap(err, problem.Unavailable, "The report's file cannot be written right now.")
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := out.Close(); err != nil {
		return 0, problem.Wrap(err, problem.Unavailable, "The report's file cannot be written right now.")
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

// open returns what reads a file; a problem NotFound when it is gone.
func (s store) open(ctx context.Context, bucket, object string) (io.ReadCloser, error) {
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return nil, err
	}
	r, err := client.Bucket(bucket).Object(object).NewReader(ctx)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return nil, problem.New(problem.NotFound, "The report's file is gone. Run it again.")
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Unavailable, "The report's file cannot be read right now. Try again shortly.")
	}
	return r, nil
}

// drop deletes a file, if it is there. It does so even when ctx has ended.
func (s store) drop(ctx context.Context, bucket, object string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fileTimeout)
	defer cancel()
	client, err := s.clients.Storage(ctx)
	if err != nil {
		return err
	}
	err = client.Bucket(bucket).Object(object).Delete(ctx)
	if err != nil && !errors.Is(err, storage.ErrObjectNotExist) {
		return problem.Wrap(err, problem.Unavailable, "The report's file cannot be deleted right now. Try again shortly.")
	}
	return nil
}
