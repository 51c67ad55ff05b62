import { Button } from '@mantine/core'
import { IconAlertTriangle, IconLock, IconPlugConnectedX, IconSearchOff } from '@tabler/icons-react'
import { ApiError } from '../api/problem'
import { waitWords } from '../format/time'
import { Empty } from './empty'

interface Props {
  error: unknown
  onRetry?: () => void
  /** Why something may not be there; without it, what holds for what is copied from Jobber. */
  gone?: string
}

/** What could not be shown, why, and what to do about it. */
export function Failure({ error, onRetry, gone }: Props) {
  const { icon, title, text, retry } = explain(error, gone)
  const reference = error instanceof ApiError ? error.requestId : undefined
  return (
    <div role="alert" style={{ display: 'flex', flex: 1 }}>
      <Empty
        icon={icon}
        title={title}
        action={
          retry &&
          onRetry && (
            <Button variant="default" onClick={onRetry}>
              Try again
            </Button>
          )
        }
      >
        {text}
        {reference && retry && (
          <>
            <br />
            Reference for support: {reference}
          </>
        )}
      </Empty>
    </div>
  )
}

function explain(error: unknown, gone = 'It may have been deleted in Jobber, or not copied yet.') {
  if (error instanceof ApiError) {
    if (error.unreachable) {
      return {
        icon: IconPlugConnectedX,
        title: 'Fieldboard could not be reached',
        text: 'Check your connection. This page tries again when you are back online.',
        retry: true,
      }
    }
    if (error.status === 403) {
      return {
        icon: IconLock,
        title: 'Not open to your role',
        text: 'Ask the owner of your account if you need to see this.',
        retry: false,
      }
    }
    if (error.status === 404) {
      return {
        icon: IconSearchOff,
        title: 'Not found',
        text: gone,
        retry: false,
      }
    }
    if (error.status === 429) {
      return {
        icon: IconAlertTriangle,
        title: 'Too many requests',
        text: `Try again ${waitWords(error.retryAfter)}.`,
        retry: true,
      }
    }
  }
  return {
    icon: IconAlertTriangle,
    title: 'This could not be loaded',
    text: 'Something went wrong on our side.',
    retry: true,
  }
}
