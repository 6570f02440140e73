// What Gradio leaves open: images have names for those who cannot see them, and arrow keys move from choice to choice.
() => {
  const label = block => block?.querySelector('[data-testid="block-label"]')?.innerText.trim()
  const name = () => {
    for (const image of document.querySelectorAll('.block img[alt=""]')) {
      const button = image.closest('button'), text = label(image.closest('.block'))
      if (!text || button?.hasAttribute('aria-label')) continue
      image.alt = text
      button?.setAttribute('aria-label', text)
    }
  }
  // Gradio gives every radio button a group of its own; browsers know what arrow keys do inside of one.
  const group = event => {
    if (event.target.type !== 'radio') return
    const block = event.target.closest('.block')
    for (const radio of block.querySelectorAll('input[type=radio]')) radio.name = block.id
  }
  new MutationObserver(name).observe(document.body, {childList: true, subtree: true})
  document.addEventListener('focusin', group)
  name()
}
