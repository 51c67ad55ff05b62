import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useEffect, useId, useRef } from 'react'
import classes from './copy-box.module.css'

interface Props {
  label: string
  value: string
  /** Keeps its line breaks. */
  code?: boolean
  /** Takes the focus when it comes. */
  focused?: boolean
  testId?: string
}

/** Something to take along: a link, a secret, a command. */
export function CopyBox({ label, value, code = false, focused = false, testId }: Props) {
  const id = useId()
  const text = useRef<HTMLElement>(null)
  const { copy, copied, error } = useClipboard({ timeout: 2_500 })
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (focused) button.current?.focus()
  }, [focused])
  const take = () => {
    // Selected as well, so that it can be copied by hand where the browser does not allow it to a page.
    if (text.current) window.getSelection()?.selectAllChildren(text.current)
    copy(value)
  }
  return (
    <section aria-labelledby={id} className={classes.group}>
      <div className={classes.head}>
        <span id={id} className={classes.label}>
          {label}
        </span>
        <Button
          ref={button}
          variant="default"
          size="xs"
          className={classes.copy}
          leftSection={
            copied ? (
              <IconCheck size={14} stroke={2} aria-hidden />
            ) : (
              <IconCopy size={14} stroke={1.8} aria-hidden />
            )
          }
          onClick={take}
        >
          {copied ? 'Copied' : 'Copy'}
        </Button>
      </div>
      <code ref={text} className={classes.value} data-code={code || undefined} data-testid={testId}>
        {value}
      </code>
      <span role="status" className={error ? classes.hint : 'sr-only'}>
        {error
          ? 'The browser did not allow it. The text is selected: copy it by hand.'
          : copied
            ? 'Copied'
            : ''}
      </span>
    </section>
  )
}
