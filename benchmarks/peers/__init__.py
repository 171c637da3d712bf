"""What emmoe is measured against, each written as one would without emmoe."""
