import { UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import type { LiveEvent } from '../realtime'
import classes from './notices.module.css'

interface Notice {
  title: string
  message: string
  /** It stays until it is read. */
  urgent: boolean
}

const notices: Record<string, Notice> = {
  'security.refresh_reused': {
    title: 'Someone used an old sign-in of yours',
    message: 'We ended that session. Change your password if it was not you.',
    urgent: true,
  },
  'security.session_ended': {
    title: 'A session of yours was ended',
    message: 'It can no longer be used.',
    urgent: false,
  },
  'security.connection_ended': {
    title: 'A live connection of yours was ended',
    message: 'You are still signed in.',
    urgent: false,
  },
  'security.signed_in': {
    title: 'You signed in somewhere else',
    message: 'If that was not you, end that session and change your password.',
    urgent: false,
  },
}

/** What an event tells this member alone; undefined for all others. */
export function noticeOf(event: LiveEvent): Notice | undefined {
  return event.data.audience === 'personal' ? notices[event.type] : undefined
}

/** Shows a notice with a way to one's sessions. One of a kind at a time: ending many sessions is one piece of news. */
export function tell(event: LiveEvent, toSessions: () => void): void {
  const notice = noticeOf(event)
  if (!notice) return
  notifications.show({
    id: event.type,
    color: notice.urgent ? 'red' : 'gray',
    title: notice.title,
    message: (
      <>
        {notice.message}{' '}
        <UnstyledButton
          className={classes.link}
          onClick={() => {
            notifications.hide(event.type)
            toSessions()
          }}
        >
          See your sessions
        </UnstyledButton>
      </>
    ),
    autoClose: notice.urgent ? false : 10_000,
    closeButtonProps: { 'aria-label': 'Close' },
  })
}
