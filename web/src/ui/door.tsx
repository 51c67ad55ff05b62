import { Button, UnstyledButton } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import { Mark } from './brand'
import classes from './door.module.css'

/** The page of those who are not in yet: one card with one thing to do. */
export function Door({
  title,
  name = title,
  text,
  children,
}: {
  title: string
  /** For the browser's title, where the heading is too long. */
  name?: string
  text?: ReactNode
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${name} · Fieldboard`
  }, [name])
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <div className={classes.brand}>
          <Mark size={36} />
          <h1>{title}</h1>
          {text && <p>{text}</p>}
        </div>
        {children}
      </div>
    </main>
  )
}

/** Google's own way in, where the business's project has it. */
export function WithGoogle({ busy, onClick }: { busy: boolean; onClick: () => void }) {
  return (
    <>
      <span className={classes.or}>or</span>
      <Button
        variant="default"
        size="md"
        fullWidth
        loading={busy}
        onClick={onClick}
        leftSection={<GoogleMark />}
        data-testid="sign-in-google"
      >
        Continue with Google
      </Button>
    </>
  )
}

/** Google asks for its own colours on a button that leads to it. */
function GoogleMark() {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden>
      <path
        fill="#4285f4"
        d="M17.64 9.2c0-.64-.06-1.25-.16-1.84H9v3.48h4.84a4.14 4.14 0 0 1-1.8 2.72v2.26h2.92c1.7-1.57 2.68-3.88 2.68-6.62z"
      />
      <path
        fill="#34a853"
        d="M9 18c2.43 0 4.47-.8 5.96-2.18l-2.92-2.26c-.8.54-1.84.86-3.04.86-2.34 0-4.33-1.58-5.04-3.71H.96v2.33A9 9 0 0 0 9 18z"
      />
      <path fill="#fbbc05" d="M3.96 10.71a5.41 5.41 0 0 1 0-3.42V4.96H.96a9 9 0 0 0 0 8.08z" />
      <path
        fill="#ea4335"
        d="M9 3.58c1.32 0 2.5.45 3.44 1.35l2.58-2.59A9 9 0 0 0 .96 4.96l3 2.33C4.67 5.16 6.66 3.58 9 3.58z"
      />
    </svg>
  )
}

/** A quiet way elsewhere, under what the card is for. */
export function DoorLink({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <UnstyledButton className={classes.link} onClick={onClick}>
      {children}
    </UnstyledButton>
  )
}
