// Package audit is the function of the audit log: who did what, to what, when and from where.
package audit

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() {
	functions.HTTP("Audit", instance.HTTP(Build))
}
