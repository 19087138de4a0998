/* The search box in somebody else's page: <casebook-search></casebook-search>.

   Attributes: `height` and `max-height`, in pixels. Method: `ask(text)`. Event: `casebook-copied`,
   with the approved text in `detail`, after the agent has copied an answer. */

(() => {
  const service = new URL('..', document.currentScript.src);
  const HEIGHT = 64;
  const MAX_HEIGHT = 640;

  class CasebookSearch extends HTMLElement {
    #frame;
    #ready = false;
    #question = '';

    connectedCallback() {
      window.addEventListener('message', this);
      if (this.#frame) return;
      const root = this.attachShadow({ mode: 'open' });
      this.#frame = document.createElement('iframe');
      this.#frame.title = '检索知识库';
      this.#frame.allow = `clipboard-write ${service.origin}`;
      this.#frame.src = new URL('embed', service);
      Object.assign(this.style, { display: this.style.display || 'block' });
      Object.assign(this.#frame.style, { display: 'block', width: '100%', border: '0' });
      this.#size(HEIGHT);
      root.append(this.#frame);
    }

    /* Moved elsewhere in the page: the frame loads anew, and says when it is ready. */
    disconnectedCallback() {
      window.removeEventListener('message', this);
      this.#ready = false;
    }


    /* Searches for what a customer says, as if the agent had typed it. */
    ask(text) {
      this.#question = String(text).trim();
      this.#send();
    }

    handleEvent({ source, origin, data }) {
      if (source !== this.#frame.contentWindow || origin !== service.origin) return;
      if (data?.casebook === 'ready') {
        this.#ready = true;
        this.#post({ casebook: 'hello' });
        this.#send();
      }
      if (data?.casebook === 'size') this.#size(Number(data.height) || 0);
      if (data?.casebook === 'copied') {
        this.dispatchEvent(new CustomEvent('casebook-copied', { bubbles: true, composed: true, detail: data.text }));
      }
    }

    #send() {
      if (!this.#ready || !this.#question) return;
      this.#post({ casebook: 'ask', text: this.#question });
      this.#question = '';
    }

    #post(message) {
      this.#frame.contentWindow?.postMessage(message, service.origin);
    }

    #size(wanted) {
      const least = Number(this.getAttribute('height')) || HEIGHT;
      const most = Number(this.getAttribute('max-height')) || MAX_HEIGHT;
      this.#frame.style.height = `${Math.max(least, Math.min(wanted, most))}px`;
    }
  }

  if (!customElements.get('casebook-search')) customElements.define('casebook-search', CasebookSearch);
})();
