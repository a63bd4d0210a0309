"""A plain FastAPI app on uvicorn."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/version")
def version() -> dict[str, str]:
    return {"version": "1.2.3"}


@app.get("/items/{number}")
def item(number: int) -> dict[str, int]:
    return {"number": number}
