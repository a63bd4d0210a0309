"""A LitServe server: `PORT`."""

import sys

import litserve


class Reverse(litserve.LitAPI):
    """Answers with the text reversed."""

    def setup(self, device: str) -> None:
        self.device = device

    def predict(self, text: dict[str, str]) -> dict[str, str]:
        return {"text": text.get("text", "")[::-1]}


if __name__ == "__main__":
    litserve.LitServer(Reverse(), accelerator="cpu").run(
        host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, num_api_servers=1
    )
