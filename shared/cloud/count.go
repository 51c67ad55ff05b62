package cloud

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
)

// Count counts what a query finds: one read for a thousand index entries
// (https://firebase.google.com/docs/firestore/pricing#aggregation_queries).
func Count(ctx context.Context, q firestore.Query) (int64, error) {
	result, err := q.NewAggregationQuery().WithCount("n").Get(ctx)
	if err != nil {
		return 0, err
	}
	n, ok := result["n"].(*firestorepb.Value)
	if !ok {
		return 0, fmt.Errorf("a count that is %T", result["n"])
	}
	return n.GetIntegerValue(), nil
}
