import { Button } from '@mantine/core'
import { IconPlugConnectedX } from '@tabler/icons-react'
import classes from './ended.module.css'
import { useConnection, useLive } from './provider'

/** Tells that somebody ended the page's live connection, which comes back by the person's wish. */
export function Ended() {
  const live = useLive()
  if (useConnection() !== 'ended' || !live) return null
  return (
    <div className={classes.ended} role="alert" data-testid="connection-ended">
      <IconPlugConnectedX size={20} stroke={1.6} aria-hidden />
      <p>
        <strong>An administrator ended your live connection.</strong> What is shown here may be out of date.
      </p>
      <Button variant="default" size="xs" onClick={live.reconnect}>
        Reconnect
      </Button>
    </div>
  )
}
