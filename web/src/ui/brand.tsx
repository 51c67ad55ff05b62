export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="7" fill="#0f766e" />
      <path d="M8 22.5h4v-7H8zM14 22.5h4v-13h-4zM20 22.5h4V13h-4z" fill="#fff" />
    </svg>
  )
}
