import { notifications } from '@mantine/notifications'
import { sentenceOf } from '../api/problem'

const closeButtonProps = { 'aria-label': 'Close' }

/** Says that something was done, where the page itself does not show it plainly. */
export function tellDone(message: string): void {
  notifications.show({ color: 'pine', message, closeButtonProps })
}

/** Says that something did not work, and why. */
export function tellFailed(title: string, error: unknown): void {
  notifications.show({
    color: 'red',
    title,
    message: sentenceOf(error),
    autoClose: 10_000,
    closeButtonProps,
  })
}
