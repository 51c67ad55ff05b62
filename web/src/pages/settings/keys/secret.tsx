import { Alert, Button } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { NewApiKey, Permission } from '../../../api/types'
import { useFormat } from '../../../format/use-format'
import { CopyBox } from '../../../ui/copy-box'
import { DialogFoot } from '../../../ui/dialog'
import classes from './keys.module.css'

/** The secret, the one time that it can be seen, and how to use it. */
export function Secret({
  made: { key, secret },
  rotated,
  onDone,
}: {
  made: NewApiKey
  rotated: boolean
  onDone: () => void
}) {
  const format = useFormat()
  const overlaps = key.overlapEndsAt && Date.parse(key.overlapEndsAt) > Date.now()
  return (
    <>
      <Alert
        color="yellow"
        variant="light"
        icon={<IconAlertTriangle size={18} stroke={1.8} aria-hidden />}
        title="Copy it now"
        className={classes.warning}
      >
        It is shown only this once, and nobody can find it out afterwards. Whoever has it may do what the key
        may: keep it where you keep passwords.
      </Alert>
      <CopyBox label="Secret" value={secret} focused testId="secret" />
      {rotated && (
        <p>
          {overlaps
            ? `The previous secret works until ${format.dateTime(key.overlapEndsAt ?? '')}.`
            : 'The previous secret no longer works.'}
        </p>
      )}
      <CopyBox label="For example" value={example(key.permissions)} code />
      <DialogFoot>
        <Button onClick={onDone}>Done</Button>
      </DialogFoot>
    </>
  )
}

const readable: [Permission, string][] = [
  ['record:read', '/api/v1/visits?limit=5'],
  ['summary:read', '/api/v1/dashboard/summary?period=7d'],
  ['finance:read', '/api/v1/invoices?limit=5'],
  ['member:read', '/api/v1/members'],
]

/** A command that reads something the key may read; the secret comes from the environment, not from the shell's history. */
function example(permissions: Permission[]): string {
  const path = readable.find(([permission]) => permissions.includes(permission))?.[1] ?? '/api/openapi.json'
  return `curl -H "Authorization: Bearer $FIELDBOARD_KEY" \\\n"${window.location.origin}${path}"`
}
