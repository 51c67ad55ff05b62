import { Alert, Button, Modal } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import classes from './dialog.module.css'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  /**
   * Ids of the elements to give the focus to when it closes, the first that is there. Needed where a menu opened it: its
   * entry is gone by then. Without it the focus goes back to where it was.
   */
  returnTo?: string[]
  /** Leaves only by its own buttons: what it shows is not shown again. */
  insistent?: boolean
  /** Pixels. */
  size?: number
  children: ReactNode
}

export function Dialog({ opened, onClose, title, returnTo, insistent = false, size = 440, children }: Props) {
  const ids = useRef(returnTo)
  ids.current = returnTo
  useEffect(() => {
    if (!opened || !ids.current) return
    return () => {
      // After the dialog has let go of the focus, and after what was removed has gone.
      setTimeout(() => focusFirst(ids.current ?? []), 50)
    }
  }, [opened])

  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      returnFocus={!returnTo}
      closeOnClickOutside={!insistent}
      closeOnEscape={!insistent}
      withCloseButton={!insistent}
      closeButtonProps={{ 'aria-label': 'Close' }}
      overlayProps={{ backgroundOpacity: 0.3 }}
      transitionProps={{ duration: 150 }}
      classNames={{ header: classes.header, title: classes.title, body: classes.body }}
    >
      {children}
    </Modal>
  )
}

function focusFirst(ids: string[]): void {
  const found = ids.map(id => document.getElementById(id)).find(element => element !== null)
  found?.focus({ preventScroll: true })
}

/** The buttons under a dialog's content, the one that goes on last. */
export function DialogFoot({ children }: { children: ReactNode }) {
  return <div className={classes.foot}>{children}</div>
}

interface ConfirmProps extends Omit<Props, 'insistent' | 'size'> {
  /** What the button says: the deed, not "OK". */
  confirm: string
  /** What the button says that leaves all as it is, where "Cancel" could be taken for the deed. */
  dismiss?: string
  onConfirm: () => void
  busy: boolean
  /** Why it did not work, when it was tried. */
  failure?: string | undefined
}

/** Asks before something that cannot be taken back, and says what happens. */
export function Confirm({
  confirm,
  dismiss = 'Cancel',
  onConfirm,
  busy,
  failure,
  children,
  ...dialog
}: ConfirmProps) {
  return (
    <Dialog {...dialog}>
      <div className={classes.text}>{children}</div>
      {failure && <Told>{failure}</Told>}
      <DialogFoot>
        <Button variant="default" onClick={dialog.onClose} data-autofocus>
          {dismiss}
        </Button>
        <Button color="red" loading={busy} onClick={onConfirm} data-testid="confirm">
          {confirm}
        </Button>
      </DialogFoot>
    </Dialog>
  )
}

/** Why something did not work; in gray, what there is to know. */
export function Told({
  tone = 'red',
  testId,
  children,
}: {
  tone?: 'red' | 'gray'
  testId?: string
  children: ReactNode
}) {
  const told = useRef<HTMLDivElement>(null)
  // The button that was pressed cannot hold the focus while it is busy.
  useEffect(() => {
    if (document.activeElement === document.body) told.current?.focus()
  }, [])
  return (
    <Alert
      ref={told}
      color={tone}
      variant="light"
      role="alert"
      tabIndex={-1}
      className={classes.told}
      data-testid={testId}
    >
      {children}
    </Alert>
  )
}
